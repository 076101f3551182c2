/** The parts of a page that follow from code: each stands between two comments that name it. */

export interface Block {
  readonly name: string;
  readonly markdown: string;
}

/**
 * The page with each block as it is to be.
 * @throws Error naming a block that the page has no place for
 */
export function withBlocks(page: string, blocks: readonly Block[]): string {
  return blocks.reduce((text, { name, markdown }) => {
    const [start, end] = [`<!-- generated: ${name} -->`, `<!-- /generated: ${name} -->`];
    const [before, rest] = text.split(start);
    const after = rest?.split(end)[1];
    if (before === undefined || after === undefined) throw new Error(`the page has no place for ${start} … ${end}`);
    return `${before}${start}\n\n${markdown.trim()}\n\n${end}${after}`;
  }, page);
}

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
