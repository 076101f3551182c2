/** A bakery with one image, on 127.0.0.1: what systemd-sysupdate asks for, and 404 for anything else. */
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import { formatSha256Sums, imageFile, indexLocator, publicPath, releaseName } from "../../../schema/index.ts";
import type { Subject } from "./subject.ts";

export interface Site extends AsyncDisposable {
  readonly port: number;
}

export async function openSite({ release, arch, image }: Pick<Subject, "release" | "arch" | "image">): Promise<Site> {
  const file = imageFile(release, arch);
  const index = formatSha256Sums([{ file, sha256: image.sha256 }]);
  const indexPath = publicPath(indexLocator(release.extension));
  const imagePath = publicPath({ release: releaseName(release), file });
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "");
    if (path === indexPath) {
      response.end(index);
    } else if (path === imagePath) {
      response.writeHead(200, { "content-type": "application/octet-stream", "content-length": image.size });
      // A guest that goes away is nothing to us.
      pipeline(createReadStream(image.path), response).catch(() => {});
    } else {
      response.writeHead(404).end();
    }
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.on("error", reject).listen(0, "127.0.0.1", resolve);
  await promise;
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
