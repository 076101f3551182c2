/** What browsers and crawlers ask a site for besides its pages: robots.txt, sitemap.xml, an icon, the picture of links. */
import type { Context } from "hono";
import { changedAt, parseRecentReleases, RECENT_RELEASES } from "../../schema/index.ts";
import { CARD_PNG_BASE64 } from "../catalogue/card-image.ts";
import { FAVICON_SVG } from "../catalogue/favicon.ts";
import { formatSitemap, type SitemapPage } from "../catalogue/sitemap.ts";
import type { AppEnv } from "../context.ts";
import { DOCUMENTS } from "../documentation/documents.ts";
import { readDocument } from "../documents.ts";
import { baseOf } from "../env.ts";
import { Library } from "../library.ts";
import { respond } from "../responses.ts";
import type { Services } from "../services.ts";
import type { FileRequest } from "../stores/store.ts";
import { redirectToDocs } from "./docs.ts";

const ONE_HOUR = "public, max-age=3600";
const ONE_WEEK = "public, max-age=604800";

/** RFC 9309. Images are large and of no use to whoever searches; the API says what pages say. */
export function serveRobots(c: Context<AppEnv>): Response {
  const { services, record } = c.env;
  record.page = "site";
  const text = `User-agent: *
Disallow: /extensions/*.raw
Disallow: /api/

Sitemap: ${baseOf(services.config, c.req.url)}/sitemap.xml
`;
  return respond(text, 200, { "content-type": "text/plain; charset=utf-8", "cache-control": ONE_HOUR });
}

/** Where there is no catalogue, or none that can be read, the documentation may have a sitemap. */
export async function serveSitemap(c: Context<AppEnv>): Promise<Response> {
  const { services, record } = c.env;
  const base = baseOf(services.config, c.req.url);
  const waitUntil = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const extensions = await new Library(services, base, waitUntil).extensions().catch((error) => {
    if (services.config.docsUrl === undefined) throw error;
    return undefined;
  });
  if (extensions === undefined) return redirectToDocs(c);
  record.page = "site";
  const changed = await lastChanges(services, waitUntil);
  const pages = extensions.map(({ name }): SitemapPage => {
    const modified = changed.get(name);
    return { path: `/catalogue/${name}`, ...(modified !== undefined && { modified }) };
  });
  const [latest] = [...changed.values()].sort((a, b) => b.getTime() - a.getTime());
  const front = { path: "/", ...(latest !== undefined && { modified: latest }) };
  const documents = ["/docs", ...DOCUMENTS.map(({ name }) => `/docs/${name}`)].map((path) => ({ path }));
  return respond(formatSitemap(base, [front, ...pages, ...documents]), 200, {
    "content-type": "application/xml; charset=utf-8",
    "cache-control": ONE_HOUR,
  });
}

/** Of the extensions with news. Without them a sitemap is worth having still. */
async function lastChanges({ stores }: Services, waitUntil: FileRequest["waitUntil"]): Promise<Map<string, Date>> {
  const parse = (json: string) => parseRecentReleases(json).releases;
  const recent = await readDocument(stores.inventory, RECENT_RELEASES, parse, { waitUntil }).catch(() => undefined);
  const changes = new Map<string, Date>();
  for (const release of recent?.value ?? []) {
    const at = new Date(changedAt(release));
    const known = changes.get(release.extension);
    if (known === undefined || known < at) changes.set(release.extension, at);
  }
  return changes;
}

/** Under both names: browsers take the format that the type says. */
export function serveFavicon(c: Context<AppEnv>): Response {
  c.env.record.page = "site";
  return respond(FAVICON_SVG, 200, {
    "content-type": "image/svg+xml",
    "cache-control": ONE_WEEK,
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
  });
}

export function serveCard(c: Context<AppEnv>): Response {
  c.env.record.page = "site";
  const png = Uint8Array.from(atob(CARD_PNG_BASE64), (character) => character.charCodeAt(0));
  return respond(png, 200, { "content-type": "image/png", "cache-control": ONE_WEEK });
}
