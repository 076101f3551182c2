/** `npm run docs`: writes what of the documents follows from the recipes and the code. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Catalog } from "../builder/catalog.ts";
import { writeText } from "../builder/system/work-dir.ts";
import { withButaneBlocks } from "./docs/butane-blocks.ts";
import { extensionsPage } from "./docs/extensions-page.ts";
import { referencePage } from "./docs/reference-page.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const catalog = new Catalog();

for (const extension of await catalog.all()) {
  const path = join(extension.folder, "README.md");
  await writeText(path, await withButaneBlocks(await readFile(path, "utf8"), extension, catalog));
}
await writeText(join(ROOT, "docs/extensions.md"), await extensionsPage(catalog));
const reference = join(ROOT, "docs/reference.md");
await writeText(reference, await referencePage(await readFile(reference, "utf8")));
