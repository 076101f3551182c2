/** A plain file server, as projects have for their own downloads. */
import type { Host } from "./host.ts";

/** @param files contents by path, `/v1/tool.tar.gz` */
export function fileHost(files: Readonly<Record<string, string | Uint8Array>>): Host {
  return ({ url }) => {
    const content = files[decodeURIComponent(new URL(url).pathname)];
    if (content === undefined) return new Response("Not Found\n", { status: 404 });
    return new Response(Buffer.from(content), { headers: { "content-type": "application/octet-stream" } });
  };
}
