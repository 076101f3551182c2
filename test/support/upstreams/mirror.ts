/**
 * The internet on a loopback port: `http://127.0.0.1:PORT/host/path` stands for `https://host/path`, which is what
 * `BAKERY_MIRROR` asks for. Hosts are routers; faults are told to happen.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Host } from "./host.ts";

/**
 * What goes wrong with one answer: its status, or what becomes of its body on the way. `cut` breaks the connection in
 * the middle, `short` ends it there as if that were all, `stall` keeps it open and says no more, `slow` takes 50 ms
 * for each byte, `garble` sends other bytes.
 */
export type Fault = 500 | 502 | 503 | "cut" | "short" | "stall" | "slow" | "garble";

/** A request as it arrived. */
export interface Arrival {
  /** `host/path?query` */
  readonly path: string;
  readonly method: string;
  readonly headers: Headers;
}

export class Mirror implements AsyncDisposable {
  readonly arrivals: Arrival[] = [];
  readonly #server: Server;
  readonly #hosts = new Map<string, Host>();
  readonly #faults = new Map<string, Fault[]>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(hosts: Readonly<Record<string, Host>> = {}): Promise<Mirror> {
    const server = createServer((request, response) => void mirror.#answer(request, response));
    const mirror = new Mirror(server);
    for (const [name, host] of Object.entries(hosts)) mirror.#hosts.set(name, host);
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, "127.0.0.1", resolve);
    await promise;
    return mirror;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The next answers to a path go wrong, one after the other; later ones are right. */
  fail(path: string, ...faults: readonly Fault[]): void {
    this.#faults.set(path, [...(this.#faults.get(path) ?? []), ...faults]);
  }

  /** What was still to go wrong does not. */
  recover(): void {
    this.#faults.clear();
  }

  /** How often a path was asked for. */
  count(path: string): number {
    return this.arrivals.filter((arrival) => arrival.path === path).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const path = (incoming.url ?? "/").slice(1);
    const headers = new Headers(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
    this.arrivals.push({ path, method: incoming.method ?? "GET", headers });

    const [name = ""] = path.split("/");
    const { method = "GET" } = incoming;
    const sent = method === "GET" || method === "HEAD" ? {} : { method, body: new Uint8Array(await buffer(incoming)) };
    const request = new Request(`https://${path}`, { headers, ...sent });
    const response = (await this.#hosts.get(name)?.(request)) ?? new Response("no such host\n", { status: 404 });
    await send(outgoing, await inRange(request, response), this.#faults.get(path)?.shift());
  }
}

const RANGE = /^bytes=(?<from>[0-9]+)-$/;

/** What is asked for of a file, from a byte to the end, where its host does such: RFC 9110 section 14. */
async function inRange(request: Request, response: Response): Promise<Response> {
  const { from } = RANGE.exec(request.headers.get("range") ?? "")?.groups ?? {};
  if (from === undefined || response.status !== 200 || response.headers.get("accept-ranges") !== "bytes")
    return response;
  const condition = request.headers.get("if-range");
  if (condition !== null && condition !== response.headers.get("etag")) return response;

  const body = await response.arrayBuffer();
  const headers = new Headers(response.headers);
  if (Number(from) >= body.byteLength) {
    headers.set("content-range", `bytes */${body.byteLength}`);
    return new Response(null, { status: 416, headers });
  }
  headers.set("content-range", `bytes ${from}-${body.byteLength - 1}/${body.byteLength}`);
  return new Response(body.slice(Number(from)), { status: 206, headers });
}

async function send(outgoing: ServerResponse, response: Response, fault: Fault | undefined): Promise<void> {
  const body = Buffer.from(await response.arrayBuffer());
  if (typeof fault === "number") return void outgoing.writeHead(fault).end("out of order\n");

  outgoing.writeHead(response.status, { ...Object.fromEntries(response.headers), "content-length": body.length });
  if (fault === undefined) return void outgoing.end(body);
  if (fault === "garble") return void outgoing.end(Buffer.alloc(body.length, "?"));
  if (fault === "slow") return drip(outgoing, body);

  outgoing.write(body.subarray(0, body.length >> 1));
  if (fault === "cut") setTimeout(() => outgoing.destroy(), 20);
  if (fault === "short") outgoing.socket?.end();
}

async function drip(outgoing: ServerResponse, body: Buffer): Promise<void> {
  for (const byte of body) {
    outgoing.write(Buffer.of(byte));
    await sleep(50);
  }
  outgoing.end();
}
