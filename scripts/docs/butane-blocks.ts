/** The Butane configurations in the READMEs of extensions: made from the recipes, so that they are never out of step. */
import type { Catalog, Extension } from "../../builder/catalog.ts";
import { adviceOf } from "../../builder/configuration/advice.ts";
import { makeConfiguration, parseChoice } from "../../schema/index.ts";

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
  const choice = parseChoice(extension.name, [["version", version]]);
  // Which versions there are, readers see in the bakery that they follow.
  const lookUp = async (name: string) => {
    const { recipe } = name === extension.name ? extension : await catalog.load(name);
    return { advice: adviceOf(recipe) };
  };
  const { text } = await makeConfiguration(choice, { url: BAKERY_URL }, lookUp);
  return `<!-- butane ${version} -->\n\n\`\`\`yaml\n${text}\`\`\`\n\n<!-- /butane -->`;
}
