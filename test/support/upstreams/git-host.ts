/** A server of git repositories: git's own, by smart HTTP, as a CGI program. git-http-backend(1), RFC 3875 */
import { spawn } from "node:child_process";
import { buffer } from "node:stream/consumers";
import type { Host } from "./host.ts";

/** @param root the folder with repositories, `<root>/tool.git` */
export function gitHost(root: string): Host {
  return async (request) => {
    const { pathname, search } = new URL(request.url);
    const { headers } = request;
    const child = spawn("git", ["http-backend"], {
      stdio: ["pipe", "pipe", "ignore"],
      env: {
        PATH: process.env.PATH,
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: "1",
        GIT_CONFIG_GLOBAL: "/dev/null",
        REQUEST_METHOD: request.method,
        PATH_INFO: decodeURIComponent(pathname),
        QUERY_STRING: search.slice(1),
        CONTENT_TYPE: headers.get("content-type") ?? "",
        HTTP_CONTENT_ENCODING: headers.get("content-encoding") ?? "",
        GIT_PROTOCOL: headers.get("git-protocol") ?? "",
      },
    });
    child.stdin.on("error", () => {});
    child.stdin.end(Buffer.from(await request.arrayBuffer()));
    return parseAnswer(await buffer(child.stdout));
  };
}

function parseAnswer(bytes: Buffer): Response {
  const end = bytes.indexOf("\r\n\r\n");
  const lines = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const headers = new Headers(lines.map((line) => line.split(": ", 2) as [string, string]));
  const status = Number.parseInt(headers.get("status") ?? "200", 10);
  headers.delete("status");
  return new Response(new Uint8Array(bytes.subarray(end + 4)), { status, headers });
}
