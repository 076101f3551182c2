/** Headings of a text, with the names by which one can link to them, as GitHub gives them. */

export interface Heading {
  /** 1 for the largest */
  readonly level: number;
  readonly id: string;
  /** HTML, without links */
  readonly html: string;
}

const HEADING = /<h(?<level>[1-6])>(?<inner>[\s\S]*?)<\/h\k<level>>/g;
const TAG = /<[^>]*>/g;
const LINK = /<\/?a\b[^>]*>/g;
const CHARACTER_REFERENCE = /&(?:[a-z]+|#x?[0-9a-f]+);/gi;

/**
 * @param html of a Markdown text
 * @param prefix for the names, so that none is taken by the page around it
 * @param deeper by how many levels the headings are to stand below those of the text
 */
export function withHeadings(
  html: string,
  { prefix = "", deeper = 0 } = {},
): { readonly html: string; readonly headings: readonly Heading[] } {
  const headings: Heading[] = [];
  const named = html.replace(HEADING, (_, digit: string, inner: string) => {
    const level = Math.min(6, Number(digit) + deeper);
    const slug = `${prefix}${slugOf(inner)}`;
    const same = headings.filter(({ id }) => id === slug || id.startsWith(`${slug}-`)).length;
    const id = headings.some((heading) => heading.id === slug) ? `${slug}-${same}` : slug;
    headings.push({ level, id, html: inner.replace(LINK, "") });
    return `<h${level} id="${id}">${inner}</h${level}>`;
  });
  return { html: named, headings };
}

/** Letters, digits, hyphens and underscores: nothing that could leave the attribute that it stands in. */
function slugOf(html: string): string {
  return html
    .replace(TAG, "")
    .replace(CHARACTER_REFERENCE, "")
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}
