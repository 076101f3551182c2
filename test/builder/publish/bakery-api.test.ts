/** How a publisher talks to a bakery: again where that helps, not where it does not, and with a token that is good. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { BakeryApi } from "../../../builder/publish/bakery-api.ts";
import { credentialsFrom } from "../../../builder/publish/credentials.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that answers one request after the other, and the last one for ever. */
async function serving<T>(handlers: readonly Handler[], use: (url: string, asked: IncomingMessage[]) => Promise<T>) {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    const handler = handlers[Math.min(asked.length, handlers.length - 1)];
    asked.push(request);
    request.resume().on("end", () => handler?.(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const status =
  (code: number, body: object = {}, headers = {}): Handler =>
  (_, response) =>
    response.writeHead(code, headers).end(JSON.stringify(body));
const hangUp: Handler = (request) => request.socket.destroy();
const refusal = (code: string) => ({ error: { code, message: "it will not", hint: "ask somebody" } });

async function send(handlers: readonly Handler[]) {
  return serving(handlers, async (url, asked) => {
    const tokens: boolean[] = [];
    const credentials = { token: async (renew = false) => `token ${tokens.push(renew)}` };
    const api = new BakeryApi({ url, credentials, retryDelay: 1 });
    const body = () => "sent";
    const outcome = await api.send({ method: "POST", path: "x", body }, JSON.parse).catch((error: Error) => error);
    return { outcome, asked, tokens };
  });
}

describe("a request", () => {
  it.each<[string, readonly Handler[]]>([
    ["a connection that is cut", [hangUp, hangUp]],
    ["storage that fails", [status(503, refusal("unavailable")), status(500)]],
    ["a limit that passes", [status(429, refusal("slow"), { "retry-after": "0" })]],
  ])("is made again after %s", async (_, failures) => {
    const { outcome, asked } = await send([...failures, status(200, { well: true })]);
    expect(outcome).toEqual({ well: true });
    expect(asked).toHaveLength(failures.length + 1);
  });

  it.each([400, 403, 404, 409, 412, 413, 422])(
    "is not made again after %i, and the bakery's words are kept",
    async (code) => {
      const { outcome, asked } = await send([status(code, refusal("conflict"))]);
      expect(outcome).toMatchObject({ message: "it will not", hint: "ask somebody", code: "conflict", status: code });
      expect(asked).toHaveLength(1);
    },
  );

  it("gives up after some tries, and says what was wrong last", async () => {
    const { outcome, asked } = await send([hangUp]);
    expect(outcome).toMatchObject({
      message: "the bakery cannot be reached",
      hint: expect.stringContaining("run it again"),
    });
    expect(asked).toHaveLength(7);
  });

  it("renews its token once where that is not taken", async () => {
    const renewed = await send([status(401, refusal("unauthorized")), status(200, {})]);
    expect([renewed.outcome, renewed.tokens]).toEqual([{}, [false, true]]);
    const refused = await send([status(401, refusal("unauthorized"))]);
    expect([refused.outcome, refused.asked.length]).toMatchObject([{ status: 401 }, 2]);
  });

  it("follows no redirect: a token is for the bakery that was named", async () => {
    const { outcome, asked } = await send([status(302, {}, { location: "https://evil.example/" })]);
    expect(outcome).toMatchObject({ message: "this is no bakery that one can publish to" });
    expect(asked).toHaveLength(1);
  });
});

describe("credentials", () => {
  const bakery = "https://bakery.example";

  it("are the token of the environment", async () => {
    expect(await credentialsFrom({ BAKERY_TOKEN: "t" }, bakery).token()).toBe("t");
    expect(() => credentialsFrom({}, bakery)).toThrow("no token for https://bakery.example");
  });

  it("in GitHub Actions are the run's, asked for by the bakery's address, once for some minutes", async () => {
    const answers = ["first", "second"].map((value) => status(200, { value }));
    await serving(answers, async (url, asked) => {
      const env = { ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/token?api=1`, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "secret" };
      const credentials = credentialsFrom(env, bakery);
      expect([await credentials.token(), await credentials.token(), await credentials.token(true)]).toEqual([
        "first",
        "first",
        "second",
      ]);
      expect(asked.map((request) => [request.url, request.headers.authorization])).toEqual(
        Array.from({ length: 2 }, () => ["/token?api=1&audience=https%3A%2F%2Fbakery.example", "Bearer secret"]),
      );
    });
  });

  it("that GitHub does not give are named, without the secret", async () => {
    await serving([status(500)], async (url) => {
      const env = { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "very-secret" };
      const error = await credentialsFrom(env, bakery)
        .token()
        .catch((reason: Error) => reason);
      expect(error).toMatchObject({ message: "GitHub Actions gives no token for this run", details: { server: url } });
      expect(JSON.stringify([error, (error as Error).stack])).not.toContain("very-secret");
    });
  });
});
