/** HTTP for builds: what is tried again, how often, and after what time. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Http, type Sink } from "../../../builder/system/http.ts";
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

class MemorySink implements Sink {
  readonly expected: number[] = [];
  #bytes = Buffer.alloc(0);

  get size(): number {
    return this.#bytes.length;
  }
  get text(): string {
    return this.#bytes.toString();
  }
  expect(total: number): void {
    this.expected.push(total);
  }
  async write(piece: Uint8Array): Promise<void> {
    this.#bytes = Buffer.concat([this.#bytes, piece]);
  }
  digest(): string {
    return createHash("sha256").update(this.#bytes).digest("hex");
  }
}

describe("a download", () => {
  const CONTENT = "0123456789".repeat(10);
  /** With what storage on the internet says of a file. */
  const answer = (content: string, headers: Record<string, string> = {}) => {
    return () => new Response(content, { headers: { "accept-ranges": "bytes", etag: '"one"', ...headers } });
  };
  const ranges = ({ mirror }: { mirror: Mirror }) => mirror.arrivals.map(({ headers }) => headers.get("range"));

  it("goes on where a connection broke, as often as that brings it forward", async () => {
    await using at = await open(...Array.from({ length: 9 }, () => answer(CONTENT)));
    at.mirror.fail("files.example/a", "cut", "cut", "cut", "short", "cut", "cut");
    const sink = new MemorySink();
    await at.http.download(URL_, sink);
    expect(sink.text).toBe(CONTENT);
    // Half of what is left, each time.
    expect(ranges(at)).toEqual([null, 50, 75, 87, 93, 96, 98].map((from) => from && `bytes=${from}-`));
    expect(at.mirror.arrivals[1]?.headers.get("if-range")).toBe('"one"');
    expect(new Set(sink.expected)).toEqual(new Set([100]));
  });

  it("reads from the start again what a server sends from the start again, and takes it once", async () => {
    const plain = () => new Response(CONTENT);
    await using at = await open(plain, plain);
    at.mirror.fail("files.example/a", "cut");
    const sink = new MemorySink();
    await at.http.download(URL_, sink);
    expect(sink.text).toBe(CONTENT);
    expect(ranges(at)).toEqual([null, "bytes=50-"]);
  });

  it("ends when the file has become another one meanwhile", async () => {
    for (const other of ["x".repeat(100), CONTENT.slice(0, 20)]) {
      await using at = await open(answer(CONTENT), answer(other, { etag: '"two"' }));
      at.mirror.fail("files.example/a", "cut");
      await expect(at.http.download(URL_, new MemorySink())).rejects.toThrow(
        "changed the file while it was downloaded",
      );
    }
  });

  it("takes no part for another one", async () => {
    const headers = { "content-range": "bytes 40-99/100" };
    await using at = await open(answer(CONTENT), () => new Response(CONTENT.slice(40), { status: 206, headers }));
    at.mirror.fail("files.example/a", "cut");
    await expect(at.http.download(URL_, new MemorySink())).rejects.toMatchObject({
      message: "upstream answers with another part of the file",
      details: { asked: "bytes=50-", answered: "206 bytes 40-99/100" },
    });
  });

  it("has all of it where the connection broke after the last byte", async () => {
    await using at = await open(answer(CONTENT), answer(CONTENT));
    const sink = new MemorySink();
    await sink.write(Buffer.from(CONTENT));
    await at.http.download(URL_, sink);
    expect(sink.text).toBe(CONTENT);
    expect(ranges(at)).toEqual(["bytes=100-"]);
  });

  it("that brings nothing more is given up after four tries", async () => {
    await using at = await open(...Array.from({ length: 9 }, () => answer("x", { "accept-ranges": "none" })));
    at.mirror.fail("files.example/a", ...Array.from({ length: 9 }, () => "short" as const));
    await expect(at.http.download(URL_, new MemorySink())).rejects.toThrow("upstream cannot be reached");
    expect(at.mirror.arrivals).toHaveLength(4);
  });

  it("is of a file's own bytes, for a server may compress on the way", async () => {
    await using at = await open();
    await at.http.download(URL_, new MemorySink());
    expect(at.mirror.arrivals[0]?.headers.get("accept-encoding")).toBe("identity");
  });

  it("says what the machine refuses as the machine does, without asking again", async () => {
    await using at = await open();
    const sink = new MemorySink();
    sink.write = () => Promise.reject(Object.assign(new Error("EIO"), { code: "EIO", syscall: "write" }));
    await expect(at.http.download(URL_, sink)).rejects.toThrow("EIO");
    expect(at.mirror.arrivals).toHaveLength(1);
  });
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
