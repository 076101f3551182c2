/** A bakery with one image, on 127.0.0.1: what systemd-sysupdate asks for, and 404 for anything else. */
import { formatSha256Sums, imageFile, indexLocator, publicPath, releaseName } from "../../../schema/index.ts";
import { type LoopbackServer, sendFile, serveLoopback } from "../../system/loopback-server.ts";
import type { Subject } from "./subject.ts";

export function openSite({
  release,
  arch,
  image,
}: Pick<Subject, "release" | "arch" | "image">): Promise<LoopbackServer> {
  const file = imageFile(release, arch);
  const index = formatSha256Sums([{ file, sha256: image.sha256 }]);
  const indexPath = publicPath(indexLocator(release.extension));
  const imagePath = publicPath({ release: releaseName(release), file });
  return serveLoopback(({ url = "" }, response) => {
    const path = decodeURIComponent(url);
    if (path === imagePath) return sendFile(response, image.path);
    return path === indexPath ? response.end(index) : response.writeHead(404).end();
  });
}
