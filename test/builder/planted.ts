/** Plants an extension for one test: a recipe's fields as source, and files. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Workplace } from "../support/bakery.ts";

const DOOR = fileURLToPath(new URL("../../builder/recipe/index.ts", import.meta.url));

/** @returns the folder for `BAKERY_EXTENSIONS`; the extension is called `planted`, its version is 1.0.0 */
export async function plant(workplace: Workplace, fields: string, files: Record<string, string> = {}): Promise<string> {
  const folder = workplace.file("extensions");
  await mkdir(join(folder, "planted"), { recursive: true });
  await writeFile(
    join(folder, "planted/recipe.ts"),
    `import * as r from ${JSON.stringify(DOOR)};
export default r.defineExtension({ description: "", homepage: "", versions: r.fixed("1.0.0"), provides: ["usr/bin/x"], ${fields} });
`,
  );
  for (const [path, text] of Object.entries({ "usr/bin/x": "", ...files })) {
    await mkdir(join(folder, "planted/files", path, ".."), { recursive: true });
    await writeFile(join(folder, "planted/files", path), text);
  }
  return folder;
}
