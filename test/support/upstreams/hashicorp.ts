/**
 * HashiCorp's releases API: the newest first, 20 at the most, those before a time.
 *
 * https://releases.hashicorp.com/docs/api/v1/
 */
import { IttyRouter, json } from "itty-router";
import { withEntityTag } from "./entity-tag.ts";
import type { Host } from "./host.ts";

export interface FakeProductRelease {
  readonly version: string;
  readonly isPrerelease?: boolean;
  readonly isEnterprise?: boolean;
}

const DEFAULT_PAGE = 10;
const MAX_PAGE = 20;
const FIRST = Date.UTC(2024, 0);
const HOUR = 3_600_000;

/** @param products releases by product, the newest first */
export function hashicorp(
  products: Readonly<Record<string, readonly FakeProductRelease[]>>,
  { ignoresAfter = false }: { readonly ignoresAfter?: boolean } = {},
): Host {
  const router = IttyRouter();
  router
    .get("/v1/releases/:product", ({ params, url }) => {
      const releases = products[params.product ?? ""];
      if (releases === undefined) return json({ code: 404, message: "Product not found" }, { status: 404 });
      const { searchParams } = new URL(url);
      const limit = Number(searchParams.get("limit") ?? DEFAULT_PAGE);
      if (limit > MAX_PAGE) return json({ code: 400, message: "limit must be 20 at most" }, { status: 400 });
      const after = ignoresAfter ? null : searchParams.get("after");
      const wanted = searchParams.get("license_class");
      const described = releases.map(({ version, isPrerelease = false, isEnterprise = false }, at) => ({
        name: params.product,
        version,
        is_prerelease: isPrerelease,
        license_class: isEnterprise ? "enterprise" : "oss",
        timestamp_created: new Date(FIRST - at * HOUR).toISOString(),
        builds: [],
      }));
      const listed = described
        .filter((one) => wanted === null || one.license_class === wanted)
        .filter((one) => after === null || one.timestamp_created < after);
      return json(listed.slice(0, limit));
    })
    .all("*", () => json({ code: 404, message: "Not found" }, { status: 404 }));
  return async (request) => withEntityTag(request, await router.fetch(request));
}
