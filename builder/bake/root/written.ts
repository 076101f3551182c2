/** What a plan itself says is in the image: the recipe's tree, units to uphold, and the metadata. */
import { posix } from "node:path";
import type { TreeEntry } from "../../recipe/index.ts";
import { UserError } from "../../system/errors.ts";
import type { Plan } from "../plan.ts";
import { type RootFile, type RootSymlink, textFile } from "./entry.ts";
import { type Edits, type Replacement, replaceText } from "./layers.ts";

type Written = RootSymlink | (RootFile & { readonly text: string });

export interface WrittenLayer {
  readonly entries: readonly Written[];
  /** What the tree changes of layers below. */
  readonly edits: Edits;
}

/** @throws UserError for a path that leads out of the image, and for a change that cannot be made */
export function writtenLayer(plan: Plan): WrittenLayer {
  const entries = new Map<string, Written>();
  const removed: string[] = [];
  const replaced: Replacement[] = [];
  const put = (entry: Written) => entries.set(entry.path, entry);
  const write = (at: string, text: string, executable = false) =>
    put({ ...textFile(pathWithin(at), text, { executable }), text });

  const change = (entry: TreeEntry) => {
    const path = pathWithin(entry.path);
    switch (entry.kind) {
      case "file":
        return write(path, entry.text, entry.executable);
      case "symlink":
        return put({ path, kind: "symlink", target: entry.to });
      case "remove": {
        const own = [...entries.keys()].filter((one) => one === path || one.startsWith(`${path}/`));
        for (const one of own) entries.delete(one);
        // With a path of the plan's own gone, layers below need not have it too.
        if (own.length === 0) removed.push(path);
        return;
      }
      case "replace": {
        const own = entries.get(path);
        const replacement = { path, from: entry.from, to: entry.to };
        if (own === undefined) return replaced.push(replacement);
        if (own.kind !== "file") throw new UserError(`${path} is no file`);
        return write(path, replaceText(own.text, replacement), (own.mode & 0o100) !== 0);
      }
    }
  };
  for (const entry of plan.tree) change(entry);
  for (const unit of plan.upholds) write(...uphold(unit));
  write(extensionReleasePath(plan.extension), extensionRelease(plan));
  return { entries: [...entries.values()], edits: { removed, replaced } };
}

/** A path as a recipe says it: inside the root, and in its plainest form. */
export function pathWithin(path: string): string {
  const plain = posix.normalize(path).replace(/\/$/, "");
  if (posix.isAbsolute(path) || plain === "." || plain.split("/").includes("..")) {
    throw new UserError(`not a path inside the image: ${path}`, { hint: "write it without a slash at the front" });
  }
  return plain;
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

/**
 * systemd starts what `multi-user.target` upholds as soon as it reads the drop-in, and again whenever it stops; an
 * `[Install]` section does nothing in an image, for nobody enables the unit (systemd.unit(5), `Upholds=`).
 */
function uphold(unit: string): [path: string, text: string] {
  const name = unit.replace(/\.[a-z]+$/, "");
  return [`usr/lib/systemd/system/multi-user.target.d/10-${name}.conf`, `[Unit]\nUpholds=${unit}\n`];
}
