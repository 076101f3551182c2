/**
 * A GitLab instance, as far as builds see it: the tags of projects, by path or number, in pages, with headers that name
 * a next page where there is none, as the real ones do.
 *
 * https://docs.gitlab.com/api/tags/ https://docs.gitlab.com/api/rest/#pagination
 */
import { IttyRouter, json } from "itty-router";
import { withEntityTag } from "./entity-tag.ts";
import type { Host } from "./host.ts";

const DEFAULT_PAGE = 20;

/** @param projects tags by path or number, the newest first */
export function gitlab(
  projects: Readonly<Record<string, readonly string[]>>,
  { maxPage = 100 }: { readonly maxPage?: number } = {},
): Host {
  const router = IttyRouter();
  router
    .get("/api/v4/projects/:id/repository/tags", ({ params, url }) => {
      const tags = projects[decodeURIComponent(params.id ?? "")];
      if (tags === undefined) return json({ message: "404 Project Not Found" }, { status: 404 });
      const { searchParams } = new URL(url);
      const size = Math.min(Number(searchParams.get("per_page") ?? DEFAULT_PAGE), maxPage);
      const page = Number(searchParams.get("page") ?? 1);
      const shown = tags.slice((page - 1) * size, page * size);
      const next = new URL(url);
      next.searchParams.set("page", String(page + 1));
      const more = shown.length > 0 ? { "x-next-page": String(page + 1), link: `<${next}>; rel="next"` } : {};
      const described = shown.map((name) => ({ name, message: "", release: null, protected: false }));
      return json(described, { headers: { "x-page": String(page), "x-per-page": String(size), ...more } });
    })
    .all("*", () => json({ error: "404 Not Found" }, { status: 404 }));
  return async (request) => withEntityTag(request, await router.fetch(request));
}
