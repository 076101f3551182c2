/** The front page: which extensions this bakery hosts, in which versions, for which architectures. */
import type { Context } from "hono";
import { html } from "hono/html";
import {
  type ApiExtensions,
  FEED_FILES,
  imageFile,
  indexLocator,
  publicPath,
  RECENT_RELEASES,
  releaseName,
} from "../../schema/index.ts";
import type { AppEnv } from "../context.ts";
import { Library } from "../library.ts";
import { htmlResponse } from "../responses.ts";
import type { Services } from "../services.ts";
import { redirectToDocs } from "./docs.ts";

type Row = ApiExtensions["extensions"][number];

/** Where there is no index there is no catalogue, but perhaps documentation. */
export async function serveCatalogue(c: Context<AppEnv>): Promise<Response> {
  const { services, record } = c.env;
  const { origin } = new URL(c.req.url);
  const library = new Library(services, origin, (work) => c.executionCtx.waitUntil(work));
  const rows = await library.extensions().catch((error) => {
    if (services.config.docsUrl === undefined) throw error;
    // The documentation is there for people anyway.
    return undefined;
  });
  if (rows === undefined) return redirectToDocs(c);
  record.page = "catalogue";
  return htmlResponse(String(await page(origin, rows, await hasFeed(services))), "public, max-age=60");
}

/** Indexes may be GitHub's, which say nothing of when. */
async function hasFeed({ stores }: Services): Promise<boolean> {
  const request = { method: "HEAD", headers: new Headers(), waitUntil: () => {} };
  return (await stores.inventory.open(RECENT_RELEASES, request).catch(() => undefined)) !== undefined;
}

function page(origin: string, rows: readonly Row[], hasNews: boolean) {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>System extensions</title>
${hasNews ? FEED_LINKS : ""}
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>System extensions</h1>
<p>Images for <code>systemd-sysext</code>, installed and updated by <code>systemd-sysupdate</code> from
<code>${origin}/extensions/</code>.${hasNews ? NEWS : ""}</p>
<table>
<thead><tr><th>Extension</th><th>Newest version</th><th>Images</th><th>To follow it</th></tr></thead>
<tbody>
${rows.map((row) => tableRow(row))}
</tbody>
</table>
</main>
</body>
</html>
`;
}

function tableRow(row: Row) {
  const { name: extension, version, arches, releases } = row;
  const release = { extension, version };
  const indexPath = publicPath(indexLocator(extension));
  const transferPath = publicPath({ release: extension, file: `${extension}.conf` });
  const images = arches.map((arch) => {
    const path = publicPath({ release: releaseName(release), file: imageFile(release, arch) });
    return html`<a href="${encodeURI(path)}">${arch}</a> `;
  });
  const more = releases === 1 ? "" : html` <a href="${encodeURI(indexPath)}">and ${releases - 1} more</a>`;
  return html`<tr><th scope="row">${extension}</th><td>${version}${more}</td><td>${images}</td><td><a href="${encodeURI(transferPath)}">transfer file</a></td></tr>
`;
}

const FEED_LINKS = html`<link rel="alternate" type="application/atom+xml" title="News of all extensions" href="/${FEED_FILES["atom-feed"]}">
<link rel="alternate" type="application/feed+json" title="News of all extensions" href="/${FEED_FILES["json-feed"]}">`;
const NEWS = html` News: <a href="/${FEED_FILES["atom-feed"]}">feed</a>, also of <code>/extensions/&lt;extension&gt;/${FEED_FILES["atom-feed"]}</code>.`;

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; }
main { max-width: 56rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0; }
table { border-collapse: collapse; width: 100%; margin-top: 2rem; }
th, td { text-align: left; padding: .5rem 1rem .5rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
thead th { font-weight: 500; opacity: .75; }
`;
