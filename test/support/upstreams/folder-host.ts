/** A web server that hosts a folder as it is: entity tags, ranges, and nothing else. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { withEntityTag } from "./entity-tag.ts";
import type { Host } from "./host.ts";

export function folderHost(root: string): Host {
  return async (request) => {
    const { pathname } = new URL(request.url);
    const bytes = await readFile(join(root, decodeURIComponent(pathname))).catch(() => undefined);
    if (bytes === undefined) return new Response("404 Not Found\n", { status: 404 });
    const headers = { "content-type": "application/octet-stream", "accept-ranges": "bytes" };
    return withEntityTag(request, new Response(new Uint8Array(bytes), { headers }));
  };
}
