/** Hands images to a guest: on this machine's loopback interface, at a port that was free, as long as it is needed. */
import { HOST_ADDRESS } from "../../guest/qemu/machine.ts";
import { type LoopbackServer, sendFile, serveLoopback } from "../../system/loopback-server.ts";
import type { BootImage } from "../images.ts";

export interface ImageServer extends LoopbackServer {
  /** As the guest reaches it. */
  urlOf(image: BootImage): string;
}

export async function serveImages(images: readonly BootImage[]): Promise<ImageServer> {
  const files = new Map(images.map((image) => [pathOf(image), image.path]));
  const server = await serveLoopback(({ url = "" }, response) => {
    const path = files.get(url);
    return path === undefined ? response.writeHead(404).end() : sendFile(response, path);
  });
  return { ...server, urlOf: (image) => `http://${HOST_ADDRESS}:${server.port}${pathOf(image)}` };
}

function pathOf({ extension }: BootImage): string {
  return `/${encodeURIComponent(extension)}.raw`;
}
