/** npm's registry: packuments, and tarballs with the integrity that they state. */
import { createHash } from "node:crypto";
import { IttyRouter, json } from "itty-router";
import type { Host } from "./mirror.ts";

export interface FakePackage {
  readonly tarball?: Uint8Array;
  readonly deprecated?: string;
  /** Stated instead of the right one. */
  readonly integrity?: string;
}

/** @param packages by name, then by version */
export function npmRegistry(host: string, packages: Readonly<Record<string, Record<string, FakePackage>>>): Host {
  const router = IttyRouter();
  router
    .get("/tarballs/:file+", ({ params }) => {
      const [name = "", version = ""] = decodeURIComponent(params.file ?? "").split("@@");
      return new Response(Buffer.from(packages[name]?.[version]?.tarball ?? []));
    })
    .get("/:name", ({ params }) => {
      const name = decodeURIComponent(params.name ?? "");
      const versions = packages[name];
      if (versions === undefined) return json({ error: "Not found" }, { status: 404 });
      const described = Object.entries(versions).map(
        ([version, { tarball = new Uint8Array(), deprecated, integrity }]) => {
          const sha512 = createHash("sha512").update(tarball).digest("base64");
          const url = `https://${host}/tarballs/${encodeURIComponent(`${name}@@${version}`)}`;
          return [version, { deprecated, dist: { tarball: url, integrity: integrity ?? `sha512-${sha512}` } }];
        },
      );
      return json({ name, versions: Object.fromEntries(described) });
    });
  return (request) => router.fetch(request);
}
