/** The front page: which extensions this bakery hosts, in which versions, for which architectures. */
import type { Context } from "hono";
import { html } from "hono/html";
import {
  ARCHES,
  type Arch,
  GLOBAL_INDEX,
  type IndexEntry,
  imageFile,
  indexLocator,
  newestFirst,
  parseImageFile,
  parseSha256Sums,
  publicPath,
  type Release,
  releaseName,
} from "../../schema/index.ts";
import type { AppEnv } from "../context.ts";
import { htmlResponse } from "../responses.ts";
import { redirectToDocs } from "./docs.ts";

/** An extension with its newest version, and how many there are of it. */
interface Row extends Release {
  readonly arches: readonly Arch[];
  readonly versions: number;
}

/** Where there is no index there is no catalogue, but perhaps documentation. */
export async function serveCatalogue(c: Context<AppEnv>): Promise<Response> {
  const { services, record } = c.env;
  const { config, indexes } = services;
  const waitUntil = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const index = await indexes.current(GLOBAL_INDEX.release, { waitUntil }).catch((error) => {
    if (config.docsUrl === undefined) throw error;
    // The documentation is there for people anyway.
    return undefined;
  });
  if (index === undefined) return redirectToDocs(c);

  record.page = "catalogue";
  record.source = index.source;
  const rows = rowsOf(parseSha256Sums(index.views.text));
  return htmlResponse(String(await page(new URL(c.req.url).origin, rows)), "public, max-age=60");
}

function rowsOf(entries: readonly IndexEntry[]): Row[] {
  const images = entries.map(({ file }) => parseImageFile(file)).filter((image) => image !== undefined);
  const byExtension = Map.groupBy(images, ({ extension }) => extension);
  return [...byExtension.keys()].sort().map((extension) => {
    const all = byExtension.get(extension) ?? [];
    const versions = [...new Set(all.map(({ version }) => version))].sort(newestFirst);
    const [version = ""] = versions;
    const arches = ARCHES.filter((arch) => all.some((image) => image.arch === arch && image.version === version));
    return { extension, version, arches, versions: versions.length };
  });
}

function page(origin: string, rows: readonly Row[]) {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>System extensions</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>System extensions</h1>
<p>Images for <code>systemd-sysext</code>, installed and updated by <code>systemd-sysupdate</code> from
<code>${origin}/extensions/</code>.</p>
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
  const { extension, version, arches, versions } = row;
  const indexPath = publicPath(indexLocator(extension));
  const transferPath = publicPath({ release: extension, file: `${extension}.conf` });
  const images = arches.map((arch) => {
    const path = publicPath({ release: releaseName(row), file: imageFile(row, arch) });
    return html`<a href="${encodeURI(path)}">${arch}</a> `;
  });
  const more = versions === 1 ? "" : html` <a href="${encodeURI(indexPath)}">and ${versions - 1} more</a>`;
  return html`<tr><th scope="row">${extension}</th><td>${version}${more}</td><td>${images}</td><td><a href="${encodeURI(transferPath)}">transfer file</a></td></tr>
`;
}

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; }
main { max-width: 56rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0; }
table { border-collapse: collapse; width: 100%; margin-top: 2rem; }
th, td { text-align: left; padding: .5rem 1rem .5rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
thead th { font-weight: 500; opacity: .75; }
`;
