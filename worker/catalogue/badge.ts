/** A badge: what is known in two boxes, as READMEs show it. */
import { html } from "hono/html";

export interface Badge {
  readonly label: string;
  readonly value: string;
  readonly tone: keyof typeof COLOURS;
}

/** White text on them has a contrast of 4.5 and more (WCAG 2.2, 1.4.3). */
const COLOURS = { known: "#0a5c5f", unknown: "#686868", unavailable: "#8a2c0d" } as const;
const LABEL_COLOUR = "#3a3833";
const HEIGHT = 20;
const PADDING = 6;

export function badgeSvg({ label, value, tone }: Badge): string {
  const boxes = [labelled(label), labelled(value)] as const;
  const [left, right] = boxes.map(({ width }) => width + 2 * PADDING) as [number, number];
  const width = left + right;
  const title = `${label}: ${value}`;
  // Text is squeezed or stretched to the width that was reckoned with, whatever font is there.
  const text = ({ text: words, width: length }: Labelled, x: number) =>
    html`<text x="${x}" y="14" textLength="${length}">${words}</text>`;
  return String(html`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${HEIGHT}" viewBox="0 0 ${width} ${HEIGHT}" role="img" aria-label="${title}">
<title>${title}</title>
<clipPath id="r"><rect width="${width}" height="${HEIGHT}" rx="3"/></clipPath>
<g clip-path="url(#r)">
<rect width="${left}" height="${HEIGHT}" fill="${LABEL_COLOUR}"/>
<rect x="${left}" width="${right}" height="${HEIGHT}" fill="${COLOURS[tone]}"/>
</g>
<g fill="#fff" font-family="Verdana, DejaVu Sans, sans-serif" font-size="11">
${text(boxes[0], PADDING)}
${text(boxes[1], left + PADDING)}
</g>
</svg>
`);
}

interface Labelled {
  readonly text: string;
  readonly width: number;
}

const MAX_CHARACTERS = 40;

function labelled(text: string): Labelled {
  const characters = [...text];
  const shown = characters.length > MAX_CHARACTERS ? [...characters.slice(0, MAX_CHARACTERS - 1), "…"] : characters;
  return { text: shown.join(""), width: Math.ceil(shown.reduce((sum, one) => sum + widthOf(one), 0) / 10) };
}

function widthOf(character: string): number {
  return WIDTHS[(character.codePointAt(0) ?? 0) - FIRST] ?? WIDEST;
}

const FIRST = 0x20;
const WIDEST = 110;
/** Of the characters from blank to tilde in DejaVu Sans, which are those in Verdana: tenths of a pixel at 11 pixels. */
// biome-ignore format: a table
const WIDTHS = [
  35, 44, 51, 92, 70, 105, 86, 30, 43, 43, 55, 92, 35, 40, 35, 37, 70, 70, 70, 70, 70, 70, 70, 70, 70, 70, 37, 37, 92,
  92, 92, 58, 110, 75, 75, 77, 85, 70, 63, 85, 83, 32, 32, 72, 61, 95, 82, 87, 66, 87, 76, 70, 67, 81, 75, 109, 75, 67,
  75, 43, 37, 43, 92, 55, 55, 67, 70, 60, 70, 68, 39, 70, 70, 31, 31, 64, 31, 107, 70, 67, 70, 70, 45, 57, 43, 70, 65,
  90, 65, 65, 58, 70, 37, 70, 92,
];
