/** The sitemap: which pages there are for people, and since when they are as they are. https://www.sitemaps.org/protocol.html */
import { html } from "hono/html";

export interface SitemapPage {
  /** Below the bakery's address, as it stands in a URL */
  readonly path: string;
  readonly modified?: Date;
}

/** What the protocol allows in one file; one of as many is well below its 50 MiB. */
const MAX_PAGES = 50_000;

export function formatSitemap(base: string, pages: readonly SitemapPage[]): string {
  const urls = pages
    .slice(0, MAX_PAGES)
    .map(
      ({ path, modified }) =>
        html`<url><loc>${base}${path}</loc>${modified && html`<lastmod>${modified.toISOString()}</lastmod>`}</url>\n`,
    );
  return `<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
${urls.join("")}</urlset>
`;
}
