/** The project as a checkout has it, in a clean folder: what steps of workflows work in. */
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../builder/system/run.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LISTING = ["ls-files", "--cached", "--others", "--exclude-standard", "--", ":!extensions", ":!test"];

/** All files but extensions and tests, with the packages that are installed. The caller removes it. */
export async function cleanCheckout(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "checkout-"));
  const [list, archive] = [join(folder, "files"), join(folder, "all.tar")];
  await writeFile(list, await run("git", ["-C", ROOT, ...LISTING]));
  await run("tar", ["-C", ROOT, "-cf", archive, "--files-from", list]);
  await run("tar", ["-C", folder, "-xf", archive]);
  for (const file of [list, archive]) await rm(file);
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}
