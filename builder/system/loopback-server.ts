/** Hands something to a guest of this machine: an HTTP server on 127.0.0.1, at a port that was free. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";

export interface LoopbackServer extends AsyncDisposable {
  readonly port: number;
}

/** @param answer what it throws at once, as for a path that is none, is the client's fault */
export async function serveLoopback(answer: RequestListener): Promise<LoopbackServer> {
  const server = createServer((request, response) => {
    try {
      answer(request, response);
    } catch {
      response.writeHead(400).end();
    }
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.on("error", reject).listen(0, "127.0.0.1", resolve);
  await promise;
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** A guest that goes away is nothing to us; a file that does, it sees cut off, and holds what it has against a hash. */
export async function sendFile(response: ServerResponse, path: string): Promise<void> {
  try {
    const { size } = await stat(path);
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": size });
    await pipeline(createReadStream(path), response);
  } catch {
    response.destroy();
  }
}
