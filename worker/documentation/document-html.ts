/** A document as HTML, with the addresses of the bakery that shows it. */
import { type MarkdownHtml, markdownHtml } from "../catalogue/markdown.ts";
import { type Document, documentNamed } from "./documents.ts";

/** The bakery of the documents, in whose place one reads of the own one. */
const EXAMPLE = "https://extensions.example.org";

/** @param base address of this bakery, without a slash at the end */
export function documentHtml(document: Document, base: string): MarkdownHtml {
  return markdownHtml(
    document.markdown.replaceAll(EXAMPLE, () => base),
    { addressOf },
  );
}

/** Where a link leads that leads to a file in the repository; undefined: to one that no page shows. */
function addressOf(target: string): string | undefined {
  if (target.startsWith("#")) return target;
  const [file = "", fragment] = target.split("#");
  const { extension, name } =
    /^(?:\.\.\/extensions\/(?<extension>[^/]+)\/README|(?<name>[^/]+))\.md$/.exec(file)?.groups ?? {};
  const suffix = fragment === undefined ? "" : `#${fragment}`;
  if (extension !== undefined) return `/catalogue/${extension}`;
  // Of all that there are in the repository; here are those of this bakery.
  if (name === "extensions") return "/";
  return name !== undefined && documentNamed(name) !== undefined ? `/docs/${name}${suffix}` : undefined;
}
