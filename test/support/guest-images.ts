/** Small extensions for merge tests: planted as a recipe with files, and baked by the command line. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { Workplace } from "./bakery.ts";

const DOOR = fileURLToPath(new URL("../../builder/recipe/index.ts", import.meta.url));

export interface Planted {
  /** Fields of the recipe as source: `upholds: ["x.service"],` */
  readonly fields?: string;
  /** Those that begin with `#!` are executable. */
  readonly files: Readonly<Record<string, string>>;
}

/** A program that goes on until it is stopped. */
export const DAEMON = "#!/bin/sh\necho up\nexec sleep infinity\n";

export function service(program: string, more = ""): string {
  return `[Unit]\nDescription=x\n${more}\n[Service]\nType=exec\nExecStart=/usr/bin/${program}\nRestart=always\nRestartSec=100ms\n`;
}

/** @returns the folder for `BAKERY_EXTENSIONS`; the version is 1.0.0 */
export async function plantIn(folder: string, name: string, { fields = "", files }: Planted): Promise<string> {
  const paths = JSON.stringify(Object.keys(files));
  await mkdir(join(folder, name), { recursive: true });
  await writeFile(
    join(folder, name, "recipe.ts"),
    `import * as r from ${JSON.stringify(DOOR)};
export default r.defineExtension({ description: "", homepage: "", versions: r.fixed("1.0.0"), provides: ${paths}, ${fields} });
`,
  );
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, name, "files", path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    if (text.startsWith("#!")) await chmod(file, 0o755);
  }
  return folder;
}

/** @returns the image's path: `<name>.raw`, with its release manifest and transfer file beside it */
export async function bakeIn(workplace: Workplace, extensions: string, name: string, ...options: string[]) {
  const args = ["create", name, "1.0.0", "--sysupdate", "--allow", "units=what tests are about", ...options];
  expect(await workplace.run(args, { BAKERY_EXTENSIONS: extensions })).toMatchObject({ exitCode: 0 });
  return workplace.file(`${name}.raw`);
}
