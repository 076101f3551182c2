/** Hands images to a guest: on this machine's loopback interface, at a port that was free, as long as it is needed. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import { HOST_ADDRESS } from "../../guest/qemu/machine.ts";
import type { BootImage } from "../images.ts";

export interface ImageServer extends AsyncDisposable {
  readonly port: number;
  /** As the guest reaches it. */
  urlOf(image: BootImage): string;
}

export async function serveImages(images: readonly BootImage[]): Promise<ImageServer> {
  const files = new Map(images.map(({ extension, path }) => [`/${encodeURIComponent(extension)}.raw`, path]));
  const server = createServer(async ({ url = "" }, response) => {
    const path = files.get(url);
    if (path === undefined) return response.writeHead(404).end();
    try {
      const { size } = await stat(path);
      response.writeHead(200, { "content-type": "application/octet-stream", "content-length": size });
      return await pipeline(createReadStream(path), response);
    } catch {
      // Whoever asked sees that it is cut off, and holds what it has against the hash.
      return response.destroy();
    }
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.on("error", reject).listen(0, "127.0.0.1", resolve);
  await promise;
  const { port } = server.address() as AddressInfo;
  return {
    port,
    urlOf: ({ extension }) => `http://${HOST_ADDRESS}:${port}/${encodeURIComponent(extension)}.raw`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
