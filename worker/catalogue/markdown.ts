/**
 * Markdown as HTML. Whoever may publish an extension writes its README, so HTML in it is shown as text, links lead to
 * http(s), mailto and within the site alone, and of images there are the words: no other host learns who reads a page.
 * Headings get names as GitHub gives them.
 */
import { html } from "hono/html";
import { Marked, Renderer, type Tokens } from "marked";

export interface Heading {
  /** 1 for the largest */
  readonly level: number;
  /** The name by which one can link to it */
  readonly id: string;
  /** HTML */
  readonly words: string;
}

export interface MarkdownHtml {
  readonly html: string;
  readonly headings: readonly Heading[];
}

export interface MarkdownOptions {
  /** Before the names of headings, so that none is taken by the page around them */
  readonly prefix?: string;
  /** By how many levels headings are to stand below those of the text */
  readonly deeper?: number;
  /** Where a link leads that is no address of its own; undefined: nowhere, its words are left */
  readonly addressOf?: (target: string) => string | undefined;
}

/** Stands for wherever the page is. */
const SITE = "https://site.invalid";
const SCHEMES = ["http:", "https:", "mailto:"];
const LINK = /<\/?a\b[^>]*>/g;
const TAG = /<[^>]*>/g;
const CHARACTER_REFERENCE = /&(?:[a-z]+|#x?[0-9a-f]+);/gi;

/** @returns HTML that is safe to be put into a page as it is */
export function markdownHtml(markdown: string, options: MarkdownOptions = {}): MarkdownHtml {
  const renderer = new PageRenderer(options);
  try {
    return { html: READER.parse(markdown, { renderer, async: false }), headings: renderer.headings };
  } catch {
    // Quotes in quotes in quotes, thousands deep: whoever wrote that did not mean it to be read.
    return { html: codeBlock(markdown), headings: [] };
  }
}

const READER = new Marked({ gfm: true });

class PageRenderer extends Renderer {
  readonly headings: Heading[] = [];
  readonly #prefix: string;
  readonly #deeper: number;
  readonly #addressOf: (target: string) => string | undefined;

  constructor({ prefix = "", deeper = 0, addressOf = (target) => target }: MarkdownOptions) {
    super();
    this.#prefix = prefix;
    this.#deeper = deeper;
    this.#addressOf = addressOf;
  }

  /** What stands between tags of HTML that we show, Marked would leave as it is. */
  override text(token: Tokens.Text | Tokens.Escape): string {
    if ("tokens" in token && token.tokens !== undefined) return this.parser.parseInline(token.tokens);
    const references = [...(token.text.match(CHARACTER_REFERENCE) ?? []), ""];
    return token.text
      .split(CHARACTER_REFERENCE)
      .map((between, at) => escaped(between) + references[at])
      .join("");
  }

  override html(token: Tokens.HTML | Tokens.Tag): string {
    const text = escaped(token.text.trim());
    return token.block ? `<p>${text}</p>\n` : escaped(token.text);
  }

  override image({ text }: Tokens.Image): string {
    return escaped(text);
  }

  override link({ href, tokens }: Tokens.Link): string {
    const words = this.parser.parseInline(tokens);
    const address = this.#safe(href);
    return address === undefined ? words : `<a href="${escaped(address)}">${words}</a>`;
  }

  override heading({ depth, tokens }: Tokens.Heading): string {
    const words = this.parser.parseInline(tokens);
    const level = Math.min(6, depth + this.#deeper);
    const id = this.#idOf(words);
    this.headings.push({ level, id, words: words.replace(LINK, "") });
    return `<h${level} id="${id}">${words}</h${level}>\n`;
  }

  override table(token: Tokens.Table): string {
    return `<div class="scroll" role="group" aria-label="Table" tabindex="0">${super.table(token)}</div>\n`;
  }

  override code({ text }: Tokens.Code): string {
    return codeBlock(text);
  }

  /** A form's element would be one that does nothing. */
  override checkbox({ checked }: Tokens.Checkbox): string {
    return checked ? "☑ " : "☐ ";
  }

  #safe(target: string): string | undefined {
    // As browsers read it: they pass over blanks within a scheme, for example.
    const read = URL.parse(target, SITE);
    if (read?.origin === SITE) return this.#addressOf(target);
    return read !== null && SCHEMES.includes(read.protocol) ? target : undefined;
  }

  #idOf(words: string): string {
    const slug = `${this.#prefix}${slugOf(words)}`;
    const taken = new Set(this.headings.map(({ id }) => id));
    let id = slug;
    for (let at = 1; taken.has(id); at += 1) id = `${slug}-${at}`;
    return id;
  }
}

function codeBlock(text: string): string {
  return `<pre tabindex="0"><code>${escaped(text)}\n</code></pre>\n`;
}

function escaped(text: string): string {
  return String(html`${text}`);
}

/** Letters, digits, hyphens and underscores: nothing that could leave the attribute that it stands in. */
function slugOf(words: string): string {
  return words
    .replace(TAG, "")
    .replace(CHARACTER_REFERENCE, "")
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}
