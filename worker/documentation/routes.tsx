/** The documentation's pages. They need no storage. */
import type { Context } from "hono";
import { pageResponse } from "../catalogue/layout.tsx";
import { nearestNames } from "../catalogue/near-matches.ts";
import { NotFoundPage } from "../catalogue/not-found-page.tsx";
import type { AppEnv } from "../context.ts";
import { baseOf } from "../env.ts";
import { documentHtml } from "./document-html.ts";
import { DocumentPage, ShelvesPage } from "./document-page.tsx";
import { DOCUMENTS, documentNamed } from "./documents.ts";

const TITLE = "Documentation";

export function serveShelves(c: Context<AppEnv>): Response {
  c.env.record.page = "documentation";
  const { origin } = new URL(c.req.url);
  const description = "How to use system extensions, to host a bakery, and to add an extension";
  return pageResponse({ title: TITLE, description, url: `${origin}/docs` }, <ShelvesPage />);
}

export function serveDocument(c: Context<AppEnv>): Response {
  const { services, record } = c.env;
  record.page = "documentation";
  const { origin } = new URL(c.req.url);
  const name = c.req.param("name") ?? "";
  const document = documentNamed(name);
  if (document === undefined) {
    const near = nearestNames(
      name.replace(/\.md$/, ""),
      DOCUMENTS.map((one) => one.name),
    );
    const links = near.map((one) => ({ path: `/docs/${one}`, label: documentNamed(one)?.title ?? one }));
    const options = {
      title: `Not found – ${TITLE}`,
      description: "",
      url: `${origin}/docs/${encodeURIComponent(name)}`,
    };
    return pageResponse(
      { ...options, status: 404 },
      <NotFoundPage near={links} all={{ path: "/docs", label: TITLE }} />,
    );
  }
  const { title, about } = document;
  const content = documentHtml(document, baseOf(services.config, c.req.url));
  return pageResponse(
    { title: `${title} – ${TITLE}`, description: about, url: `${origin}/docs/${name}` },
    <DocumentPage document={document} content={content} />,
  );
}
