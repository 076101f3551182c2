/** Assemble: makes the extension root of a plan and what was fetched for it. Needs no network. */
import { chmod, lstat, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { extract as extractTar } from "tar";
import type { Install, TreeEntry } from "../recipe/index.ts";
import { UserError } from "../system/errors.ts";
import { ExtensionRoot } from "./extension-root.ts";
import type { Fetched } from "./fetch.ts";
import type { Plan } from "./plan.ts";

/** @param path where the extension root is made; nothing is there yet */
export async function assemble(plan: Plan, fetched: readonly Fetched[], path: string): Promise<ExtensionRoot> {
  await mkdir(path);
  const root = new ExtensionRoot(path);
  if (plan.staticFiles.length > 0) await root.copyFolder(plan.filesFolder);
  for (const { download, path: from } of fetched) await install(root, from, download.install);
  for (const entry of plan.tree) await change(root, entry);
  for (const unit of plan.upholds) await uphold(root, unit);
  await root.write(extensionReleasePath(plan.extension), extensionRelease(plan));
  await normalizeModes(path);
  return root;
}

export function extensionReleasePath(extension: string): string {
  return `usr/lib/extension-release.d/extension-release.${extension}`;
}

/** Which hosts may merge the image: os-release(5), in the form that systemd-sysext(8) compares. */
function extensionRelease({ os, arch, reload }: Plan): string {
  const lines = [
    `ID=${os}`,
    // What Flatcar's hosts state; `_any` is not held against it.
    ...(os === "_any" ? [] : ["SYSEXT_LEVEL=1.0"]),
    `ARCHITECTURE=${arch}`,
    ...(reload ? ["EXTENSION_RELOAD_MANAGER=1"] : []),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

async function install(root: ExtensionRoot, from: string, how: Install): Promise<void> {
  if (how.kind === "binary") return root.install(from, how.path);

  const { path, strip, only } = how;
  const wanted = (name: string) =>
    only.length === 0 || only.some((one) => name === one || name.startsWith(`${one.replace(/\/$/, "")}/`));
  let taken = 0;
  await extractTar({
    file: from,
    cwd: await root.folder(path),
    strip,
    strict: true,
    preserveOwner: false,
    filter: (name) => {
      const take = wanted(name.replace(/^\.\//, ""));
      if (take) taken += 1;
      return take;
    },
  });
  if (taken === 0) {
    throw new UserError(`the archive has nothing of what the recipe takes from it`, {
      details: { wanted: only.join(", ") || "everything", into: path },
      hint: "upstream may have changed the archive's layout",
    });
  }
}

async function change(root: ExtensionRoot, entry: TreeEntry): Promise<void> {
  switch (entry.kind) {
    case "file":
      return root.write(entry.path, entry.text, { executable: entry.executable });
    case "symlink":
      return root.symlink(entry.path, entry.to);
    case "remove":
      return root.remove(entry.path);
    case "replace":
      return root.replace(entry.path, entry.from, entry.to);
  }
}

/**
 * systemd starts what `multi-user.target` upholds as soon as it reads the drop-in, and again whenever it stops; an
 * `[Install]` section does nothing in an image, for nobody enables the unit (systemd.unit(5), `Upholds=`).
 */
async function uphold(root: ExtensionRoot, unit: string): Promise<void> {
  const name = unit.replace(/\.[a-z]+$/, "");
  await root.write(`usr/lib/systemd/system/multi-user.target.d/10-${name}.conf`, `[Unit]\nUpholds=${unit}\n`);
}

/** The umask of whoever bakes, and modes in archives, must not show in the image: 0755 or 0644, nothing else. */
async function normalizeModes(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const stats = await lstat(path);
    if (stats.isDirectory()) await normalizeModes(path);
    else if (stats.isFile()) await chmod(path, stats.mode & 0o100 ? 0o755 : 0o644);
  }
}
