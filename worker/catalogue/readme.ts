/** READMEs of extensions, below the headings of their pages. */
import { markdownHtml } from "./markdown.ts";

/** The page has the name in its own heading. */
const TITLE = /^\s*# [^\n]*\n+/;
/** Of extensions to each other, as they lie in a repository. */
const NEIGHBOUR = /^\.\.\/(?<extension>[a-z0-9-]+)\/(?:README\.md)?(?:#(?<fragment>.*))?$/;
/** Beside the names that a page gives its own parts. */
const PREFIX = "readme-";

/** Safe to be put into a page as it is. */
export function readmeHtml(readme: string): string {
  return markdownHtml(readme.replace(TITLE, ""), { prefix: PREFIX, deeper: 1, addressOf }).html;
}

function addressOf(target: string): string | undefined {
  if (target.startsWith("#")) return `#${PREFIX}${target.slice(1)}`;
  const { extension, fragment } = NEIGHBOUR.exec(target)?.groups ?? {};
  // Other files of the repository are not here.
  if (extension === undefined) return undefined;
  return `/catalogue/${extension}${fragment === undefined ? "" : `#${PREFIX}${fragment}`}`;
}
