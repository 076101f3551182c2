/** The Butane configurations in the READMEs of extensions: made from the recipes, so that they are never out of step. */
import { butaneConfig, withNeeds } from "../../builder/butane/config.ts";
import { formatButane } from "../../builder/butane/format.ts";
import type { Catalog, Extension } from "../../builder/catalog.ts";

/** Where readers are to put their own. */
const BAKERY_URL = "https://bakery.example.org";
const BLOCK = /^<!-- butane (?<version>\S+) -->\n[\s\S]*?^<!-- \/butane -->$/gm;

/** The text with each block as it is to be. */
export async function withButaneBlocks(text: string, extension: Extension, catalog: Catalog): Promise<string> {
  const versions = [...text.matchAll(BLOCK)].map(({ groups }) => groups?.version ?? "");
  const blocks = await Promise.all(versions.map((version) => blockFor(extension, version, catalog)));
  return text.replace(BLOCK, () => blocks.shift() ?? "");
}

/** The configurations in a text, as YAML. */
export function butaneBlocksIn(text: string): string[] {
  return [...text.matchAll(BLOCK)].map(([block]) => /```yaml\n(?<yaml>[\s\S]*?)```/.exec(block)?.groups?.yaml ?? "");
}

async function blockFor(extension: Extension, version: string, catalog: Catalog): Promise<string> {
  const all = await withNeeds(catalog, { extension, version });
  const yaml = formatButane(butaneConfig(all, { arch: "x86-64", bakeryUrl: BAKERY_URL, verify: false }));
  return `<!-- butane ${version} -->\n\n\`\`\`yaml\n${yaml}\`\`\`\n\n<!-- /butane -->`;
}
