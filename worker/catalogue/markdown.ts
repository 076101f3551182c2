/**
 * READMEs as HTML. Whoever may publish an extension writes them, so HTML in them is shown as text, and addresses of
 * other kinds than http(s), mailto and relative ones are left out: micromark does both unless it is told otherwise.
 */
import { micromark } from "micromark";
import { gfmAutolinkLiteral, gfmAutolinkLiteralHtml } from "micromark-extension-gfm-autolink-literal";
import { gfmTable, gfmTableHtml } from "micromark-extension-gfm-table";

const OPTIONS = {
  extensions: [gfmTable(), gfmAutolinkLiteral()],
  htmlExtensions: [gfmTableHtml(), gfmAutolinkLiteralHtml()],
};
/** The page has the name in its own heading. */
const TITLE = /^\s*# [^\n]*\n+/;
/** Of extensions to each other, as they lie in a repository. */
const NEIGHBOUR = /href="\.\.\/(?<extension>[a-z0-9-]+)\/(?:README\.md)?(?<fragment>#[^"]*)?"/g;

export function readmeHtml(markdown: string): string {
  const html = micromark(markdown.replace(TITLE, ""), OPTIONS);
  return html
    .replace(NEIGHBOUR, (_, extension, fragment = "") => `href="/catalogue/${extension}${fragment}"`)
    .replaceAll("<table>", '<section class="scroll" aria-label="Table" tabindex="0"><table>')
    .replaceAll("</table>", "</table></section>");
}
