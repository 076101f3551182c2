/** A document as HTML, with the addresses of the bakery that shows it. */
import { type Heading, withHeadings } from "../catalogue/headings.ts";
import { markdownHtml } from "../catalogue/markdown.ts";
import { LruMap } from "../lru-map.ts";
import { type Document, documentNamed } from "./documents.ts";

export interface DocumentHtml {
  readonly html: string;
  readonly headings: readonly Heading[];
}

/** The bakery of the documents, in whose place one reads of the own one. */
const EXAMPLE = "https://extensions.example.org";
const LINK = /<a href="(?<target>[^"]*)">(?<words>[\s\S]*?)<\/a>/g;
/** Each takes milliseconds, and is asked for again. A bakery may be asked for by several names. */
const made = new LruMap<string, DocumentHtml>(64);

/** @param base address of this bakery, without a slash at the end */
export function documentHtml(document: Document, base: string): DocumentHtml {
  const key = `${document.name} ${base}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const html = markdownHtml(document.markdown.replaceAll(EXAMPLE, () => base)).replace(
    LINK,
    (link, target: string, words: string) => {
      const address = addressOf(target);
      return address === undefined ? words : link.replace(`"${target}"`, () => `"${address}"`);
    },
  );
  const found = withHeadings(html);
  made.set(key, found);
  return found;
}

/** Where a link leads that leads to a file in the repository; undefined: to one that no page shows. */
function addressOf(target: string): string | undefined {
  if (target.startsWith("#") || /^[a-z]+:/.test(target)) return target;
  const [file = "", fragment] = target.split("#");
  const { extension, name } =
    /^(?:\.\.\/extensions\/(?<extension>[^/]+)\/README|(?<name>[^/]+))\.md$/.exec(file)?.groups ?? {};
  const suffix = fragment === undefined ? "" : `#${fragment}`;
  if (extension !== undefined) return `/catalogue/${extension}`;
  // Of all that there are in the repository; here are those of this bakery.
  if (name === "extensions") return "/";
  return name !== undefined && documentNamed(name) !== undefined ? `/docs/${name}${suffix}` : undefined;
}
