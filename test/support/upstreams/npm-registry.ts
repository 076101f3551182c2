/**
 * npm's registry: packuments, whole or abbreviated, and tarballs with the integrity that they state.
 *
 * https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md
 */
import { createHash } from "node:crypto";
import { IttyRouter, json } from "itty-router";
import type { Host } from "./host.ts";

export interface FakePackage {
  readonly tarball?: Uint8Array;
  readonly deprecated?: string;
  /** Stated instead of the right one. */
  readonly integrity?: string;
}

type Packages = Readonly<Record<string, Record<string, FakePackage>>>;

const ABBREVIATED = "application/vnd.npm.install-v1+json";

/**
 * @param base where the registry is, for the tarballs' URLs: a host, or a whole URL
 * @param packages by name, then by version
 */
export function npmRegistry(base: string, packages: Packages): Host {
  const router = IttyRouter();
  router
    .get("/tarballs/:file+", ({ params }) => {
      const [name = "", version = ""] = decodeURIComponent(params.file ?? "").split("@@");
      const tarball = packages[name]?.[version]?.tarball;
      return tarball === undefined ? notFound() : new Response(Buffer.from(tarball));
    })
    // A scope's slash is `%2f` in the path.
    .get("/:name", (request) => {
      const name = decodeURIComponent(request.params.name ?? "");
      const versions = packages[name];
      return versions === undefined ? notFound() : packument(base, name, versions, request);
    })
    .all("*", notFound);
  return (request) => router.fetch(request);
}

function packument(base: string, name: string, versions: Packages[string], request: Request): Response {
  const url = URL.canParse(base) ? base : `https://${base}`;
  const described = Object.entries(versions).map(([version, { tarball, deprecated, integrity }]) => {
    const sha512 = createHash("sha512")
      .update(tarball ?? "")
      .digest("base64");
    const address = `${url}/tarballs/${encodeURIComponent(`${name}@@${version}`)}`;
    const dist = { tarball: address, integrity: integrity ?? `sha512-${sha512}` };
    return [version, { name, version, deprecated, dist }];
  });
  const body = { name, versions: Object.fromEntries(described) };
  if (request.headers.get("accept")?.includes(ABBREVIATED)) {
    return json(body, { headers: { "content-type": ABBREVIATED } });
  }
  return json({ ...body, readme: `# ${name}\n`, time: {} });
}

function notFound(): Response {
  return json({ error: "Not found" }, { status: 404 });
}
