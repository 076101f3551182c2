/** Markdown that others have written, as HTML of ours. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { markdownHtml } from "../../../worker/catalogue/markdown.ts";

const made = (markdown: string) => markdownHtml(markdown).html;

/** All that can be in it: elements that do nothing, with attributes that do nothing. */
const ELEMENTS =
  'p|h[1-6]|ul|ol|li|a|em|strong|del|code|pre|blockquote|hr|br|table|thead|tbody|tr|th|td|div class="scroll" role="group" aria-label="Table"';
const ATTRIBUTES = '(?: (?:href|id|align|start|tabindex)="[^"<>]*")*';
const MARKUP = new RegExp(`</?(?:${ELEMENTS})${ATTRIBUTES}>|</div>`, "g");
const ADDRESS = /href="([^"]*)"/g;

function expectHarmless(html: string): void {
  expect(html.replaceAll(MARKUP, "")).not.toMatch(/[<>"]/);
  for (const [, address = ""] of html.matchAll(ADDRESS)) {
    const { protocol } = new URL(address.replaceAll("&amp;", "&"), "https://bakery.example/");
    expect(["http:", "https:", "mailto:"]).toContain(protocol);
  }
}

test("shows text, lists, tables, code, links and headings that can be linked to", () => {
  const { html, headings } = markdownHtml(
    "## A `b` & c\n\n- [x](https://a.example/?a=1&b=2) **y**\n\n## A b c\n\n```sh\na < b\n```\n",
  );
  expect(html).toContain('<h2 id="a-b--c">A <code>b</code> &amp; c</h2>');
  expect(html).toContain('<a href="https://a.example/?a=1&amp;b=2">x</a> <strong>y</strong>');
  expect(html).toContain('<pre tabindex="0"><code>a &lt; b\n</code></pre>');
  expect(headings.map(({ id }) => id)).toEqual(["a-b--c", "a-b-c"]);
  expect(made("| a | b |\n|:-|-|\n| 1 | 2 |\n")).toContain('<td align="left">1</td>');
  expect(made("a &copy; b & c &amp; d \\& e")).toContain("a &copy; b &amp; c &amp; d &amp; e");
  expect(made("see https://a.example/b.\n")).toContain('<a href="https://a.example/b">https://a.example/b</a>.');
});

test("gives headings of one name names of their own", () => {
  expect(markdownHtml("# a\n# a\n# a-1\n# a\n").headings.map(({ id }) => id)).toEqual(["a", "a-1", "a-1-1", "a-2"]);
});

test("shows what nobody can read as it stands", () => {
  const html = made("> ".repeat(32 * 1024));
  expectHarmless(html);
  expect(html).toMatch(/^<pre tabindex="0"><code>&gt; &gt; /);
});

describe("harmless is", () => {
  test.each([
    "<script>alert(1)</script>",
    'a <img src=x onerror="alert(1)"> b',
    "<!-- --><svg onload=alert(1)>",
    "[a](javascript:alert(1))",
    "[a](java\tscript:alert(1))",
    "[a](  JaVaScRiPt:alert(1))",
    "[a](&#106;avascript:alert(1))",
    "[a](data:text/html,<script>alert(1)</script>)",
    "[a](vbscript:x) <javascript:alert(1)>",
    '[a](https://a.example/"onmouseover="alert(1))',
    '[a](x "title\\" onmouseover=\\"alert(1)")',
    "[a][b]\n\n[b]: javascript:alert(1)",
    "![a](javascript:alert(1)) ![<script>](x)",
    '# <a name="x">a</a> "quoted" <b onclick=x>',
    '```x" onclick="alert(1)\na\n```',
    "| <img onerror=x> | a |\n|-|-|\n| `<b>` | [x](data:x) |",
    "- [x] <input onfocus=x autofocus>",
    "&lt;script&gt; &#60;script&#62; \\<script>",
    '<https://a.example/"onclick=x> www.a.example/<b>',
    "`` <b> `` ~~<i>~~ **<u>**",
    "<script>a < b & <c",
  ])("%s", (markdown) => {
    expectHarmless(made(markdown));
  });

  test("whatever else somebody writes", () => {
    const piece = fc.constantFrom(
      ..."<>\"'&`*_~#|-+=![](){}:;/\\\n \tax1".split(""),
      ...[
        "<script>",
        "</",
        "<!--",
        "-->",
        "javascript:",
        "data:",
        'on="',
        "](",
        "![",
        "&#60;",
        "&lt;",
        "```\n",
        "\n\n",
        "| a |\n|-|\n|",
        "http://",
        "www.",
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => expectHarmless(made(pieces.join("")))),
      { numRuns: 500 },
    );
  });
});
