/** HTTP for builds: what is tried again, how often, and after what time. */
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { Http } from "../../../builder/system/http.ts";
import { Workplace } from "../../support/bakery.ts";
import { Mirror } from "../../support/upstreams/mirror.ts";

const URL_ = "https://files.example/a";

/** A mirror on which one file answers as told, in turn, and then as it should. */
async function open(...answers: (() => Response)[]) {
  const mirror = await Mirror.open({ "files.example": () => answers.shift()?.() ?? new Response("content") });
  const http = new Http({ mirror: mirror.url, retryDelay: 1 });
  return { mirror, http, [Symbol.asyncDispose]: () => mirror[Symbol.asyncDispose]() };
}

const busy = (retryAfter: string) => () => new Response(null, { status: 429, headers: { "retry-after": retryAfter } });

it("gives up after four tries, and says what came back", async () => {
  await using at = await open();
  at.mirror.fail("files.example/a", 500, 502, 503, 503, 503);
  await expect(at.http.read(URL_)).rejects.toMatchObject({
    message: "upstream refused",
    details: { url: `${at.mirror.url}/files.example/a`, status: "503 Service Unavailable" },
  });
  expect(at.mirror.arrivals).toHaveLength(4);
});

it("does not ask again for what is not there or not allowed", async () => {
  for (const status of [400, 401, 403, 404, 410]) {
    await using at = await open(() => new Response(null, { status }));
    await expect(at.http.read(URL_)).rejects.toThrow(status === 404 || status === 410 ? "not found" : "refused");
    expect(at.mirror.arrivals).toHaveLength(1);
  }
});

it.each([
  ["seconds", "0"],
  ["a date", new Date(0).toUTCString()],
])("waits as long as a busy server says in %s", async (_, retryAfter) => {
  await using at = await open(busy(retryAfter));
  expect((await at.http.read(URL_)).text).toBe("content");
});

it("does not wait for minutes", async () => {
  await using at = await open(busy("3600"));
  await expect(at.http.read(URL_)).rejects.toThrow("rate limit used up");
  expect(at.mirror.arrivals).toHaveLength(1);
});

it("starts a file anew where a connection broke, and hashes what it has in the end", async () => {
  await using at = await open();
  await using workplace = await Workplace.open();
  at.mirror.fail("files.example/a", "cut", "cut");
  const path = workplace.file("a");
  const { size, digests } = await at.http.download(URL_, path);
  expect(await readFile(path, "utf8")).toBe("content");
  expect({ size, sha256: digests.sha256 }).toEqual({
    size: 7,
    sha256: "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73",
  });
});

it("takes nothing for a file that ended early", async () => {
  await using at = await open();
  await using workplace = await Workplace.open();
  at.mirror.fail("files.example/a", "short", "short", "short", "short");
  await expect(at.http.download(URL_, workplace.file("a"))).rejects.toThrow("upstream cannot be reached");
});

it("gives up on a connection that says nothing for too long, and says so", async () => {
  await using at = await open();
  at.mirror.fail("files.example/a", "stall", "stall", "stall", "stall");
  const http = new Http({ mirror: at.mirror.url, retryDelay: 1, idleTimeout: 50 });
  await expect(http.read(URL_)).rejects.toMatchObject({
    message: "upstream cannot be reached",
    details: { reason: "nothing received for 0.05 s" },
  });
  expect(at.mirror.arrivals).toHaveLength(4);
});

it("does not count as stalled what comes slowly", async () => {
  await using at = await open();
  at.mirror.fail("files.example/a", "slow");
  const http = new Http({ mirror: at.mirror.url, retryDelay: 1, idleTimeout: 150 });
  expect((await http.read(URL_)).text).toBe("content");
  expect(at.mirror.arrivals).toHaveLength(1);
});

it("asks for a file's own bytes, for a server may compress on the way", async () => {
  await using at = await open();
  await using workplace = await Workplace.open();
  await at.http.download(URL_, workplace.file("a"));
  expect(at.mirror.arrivals[0]?.headers.get("accept-encoding")).toBe("identity");
});

it("says what the machine refuses as the machine does, without asking again", async () => {
  await using at = await open();
  await using workplace = await Workplace.open();
  await expect(at.http.download(URL_, workplace.file("no/such/folder"))).rejects.toThrow("ENOENT");
  expect(at.mirror.arrivals).toHaveLength(1);
});

it("ends at once when it is told to", async () => {
  await using mirror = await Mirror.open({ "files.example": () => new Response("content") });
  mirror.fail("files.example/a", "stall");
  const http = new Http({ mirror: mirror.url, signal: AbortSignal.timeout(100) });
  await expect(http.read(URL_)).rejects.toThrow("due to timeout");
});

it("asks http URLs as they are, mirror or not", async () => {
  await using at = await open();
  expect((await new Http({ mirror: "http://127.0.0.1:9" }).read(`${at.mirror.url}/files.example/a`)).text).toBe(
    "content",
  );
});
