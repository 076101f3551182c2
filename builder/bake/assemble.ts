/** Assemble: makes the extension root of a plan and what was fetched for it. Needs no network. */
import { chmod, lstat, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { extract as extractTar } from "tar";
import type { Install, TreeEntry } from "../recipe/index.ts";
import { rootMessage, UpstreamError, UserError } from "../system/errors.ts";
import { ExtensionRoot } from "./extension-root.ts";
import type { Fetched } from "./fetch.ts";
import type { Plan } from "./plan.ts";

type Unpacking = Extract<Install, { readonly kind: "extract" }>;

/** @param path where the extension root is made; nothing is there yet */
export async function assemble(plan: Plan, fetched: readonly Fetched[], path: string): Promise<ExtensionRoot> {
  await mkdir(path);
  const root = new ExtensionRoot(path);
  if (plan.staticFiles.length > 0) await root.copyFolder(plan.filesFolder);
  for (const one of fetched) await install(root, one);
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

async function install(root: ExtensionRoot, { download, path }: Fetched): Promise<void> {
  const { url, install: how } = download;
  if (how.kind === "binary") return root.install(path, how.path);
  const taken = await unpack(path, await root.folder(how.path), how).catch(explainArchive(url));
  if (taken === 0) {
    throw new UserError(`the archive has nothing of what the recipe takes from it`, {
      details: { url, wanted: how.only.join(", ") || "everything", into: how.path },
      hint: "upstream may have changed the archive's layout",
    });
  }
}

/** @returns how many entries were taken */
async function unpack(archive: string, folder: string, { strip, only }: Unpacking): Promise<number> {
  const wanted = (name: string) =>
    only.length === 0 || only.some((one) => name === one || name.startsWith(`${one.replace(/\/$/, "")}/`));
  let taken = 0;
  await extractTar({
    file: archive,
    cwd: folder,
    strip,
    // Names and links that lead out of the folder, devices and damage are errors, not warnings.
    strict: true,
    preserveOwner: false,
    filter: (name) => {
      const take = wanted(name.replace(/^\.\//, ""));
      if (take) taken += 1;
      return take;
    },
  });
  return taken;
}

function explainArchive(url: string) {
  return (cause: unknown): never => {
    // What the system refuses, as on a full disk, is not the archive's fault.
    if (cause instanceof Error && "syscall" in cause) throw cause;
    throw new UpstreamError("the archive cannot be unpacked", { details: { url, reason: rootMessage(cause) }, cause });
  };
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
