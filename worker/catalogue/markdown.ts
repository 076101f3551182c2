/**
 * READMEs as HTML. Whoever may publish an extension writes them, so HTML in them is shown as text, and addresses of
 * other kinds than http(s), mailto and relative ones are left out: micromark does both unless it is told otherwise.
 */
import { micromark } from "micromark";
import { gfmAutolinkLiteral, gfmAutolinkLiteralHtml } from "micromark-extension-gfm-autolink-literal";
import { gfmTable, gfmTableHtml } from "micromark-extension-gfm-table";
import { withHeadings } from "./headings.ts";

const OPTIONS = {
  extensions: [gfmTable(), gfmAutolinkLiteral()],
  htmlExtensions: [gfmTableHtml(), gfmAutolinkLiteralHtml()],
};
/** The page has the name in its own heading. */
const TITLE = /^\s*# [^\n]*\n+/;
/** Of extensions to each other, as they lie in a repository. */
const NEIGHBOUR = /href="\.\.\/(?<extension>[a-z0-9-]+)\/(?:README\.md)?(?<fragment>#[^"]*)?"/g;
const IMAGE = /<img src="[^"]*" alt="(?<words>[^"]*)"(?: title="[^"]*")? \/>/g;
/** Within the same text. */
const FRAGMENT = /href="#(?<id>[^"]*)"/g;
/** Beside the names that a page gives its own parts. */
const README_PREFIX = "readme-";

// What is replaced below is markup that micromark has made: what an author writes has its angle brackets escaped.

/** Safe to be put into a page as it is. */
export function markdownHtml(markdown: string): string {
  return (
    micromark(markdown, OPTIONS)
      // No host but the bakery is to learn who reads it.
      .replace(IMAGE, (_, words: string) => words)
      .replaceAll("<table>", '<div class="scroll" role="group" aria-label="Table" tabindex="0"><table>')
      .replaceAll("</table>", "</table></div>")
      .replaceAll("<pre>", '<pre tabindex="0">')
  );
}

/** What an extension's page shows of its README: its headings stand below those of the page. */
export function readmeHtml(readme: string): string {
  const html = markdownHtml(readme.replace(TITLE, ""))
    .replace(FRAGMENT, (_, id: string) => `href="#${README_PREFIX}${id}"`)
    .replace(NEIGHBOUR, (_, extension, fragment = "") => {
      const target = fragment === "" ? "" : `#${README_PREFIX}${fragment.slice(1)}`;
      return `href="/catalogue/${extension}${target}"`;
    });
  return withHeadings(html, { prefix: README_PREFIX, deeper: 1 }).html;
}
