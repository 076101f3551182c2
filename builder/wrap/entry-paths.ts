/** The paths that are to be wrapped, as people write them: `/usr/bin/tool`, or `/bin/tool:/usr/bin/tool`. */
import { posix } from "node:path";
import { isExtensionName } from "../../schema/index.ts";
import { UsageError } from "../system/errors.ts";

export interface EntryPath {
  /** In the tree, from its root: `bin/tool`. */
  readonly from: string;
  /** In the image: `usr/bin/tool`. */
  readonly to: string;
}

/** What hosts have in `/usr/local` themselves: file-hierarchy(7), hier(7). */
const HOST_FOLDERS = new Set([
  "bin",
  "etc",
  "games",
  "include",
  "lib",
  "lib32",
  "lib64",
  "libexec",
  "man",
  "sbin",
  "share",
  "src",
]);

/** @throws UsageError for what is no such path, and for one that two entries would be put at */
export function parseEntryPaths(paths: readonly string[], name: string): EntryPath[] {
  if (paths.length === 0) throw new UsageError("no path to wrap", { hint: "name a program: /usr/bin/tool" });
  const entries = paths.map((path) => parseEntryPath(path));
  const home = homeOf(name);
  for (const [at, { from, to }] of entries.entries()) {
    if (isWithin(to, home) || isWithin(home, to)) throw new UsageError(`/${to} is where ${name} itself goes`);
    const before = entries.slice(0, at).find((one) => one.to === to && one.from !== from);
    if (before !== undefined) throw new UsageError(`both /${before.from} and /${from} would be /${to}`);
  }
  return entries;
}

function parseEntryPath(path: string): EntryPath {
  const { from = path, to = path } = /^(?<from>\/.*):(?<to>\/usr\/.*)$/s.exec(path)?.groups ?? {};
  const places = { from: plain(from), to: plain(to) };
  if (places.from === undefined || places.to === undefined) {
    throw new UsageError(`not a path in a tree: ${JSON.stringify(path)}`, {
      hint: "write it from the root, without ..",
    });
  }
  if (!places.to.startsWith("usr/")) {
    throw new UsageError(`${path} is not below /usr`, {
      hint: `say where it goes: ${path}:/usr/bin/${posix.basename(path)}`,
    });
  }
  return { from: places.from, to: places.to };
}

/** Without slashes at its ends, and doubled ones; undefined for what is no path from the root. */
function plain(path: string): string | undefined {
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  const isSound = path.startsWith("/") && names.length > 0 && !names.includes("..") && !/[\p{Cc}\ufffd]/u.test(path);
  return isSound ? names.join("/") : undefined;
}

/**
 * The folder of the image that is all an extension's own.
 * @throws UsageError for a name that is none, or a folder of the host's
 */
export function homeOf(name: string): string {
  if (!isExtensionName(name)) {
    throw new UsageError(`invalid name: ${JSON.stringify(name)}`, {
      hint: "lower-case letters, digits and single dashes",
    });
  }
  if (HOST_FOLDERS.has(name))
    throw new UsageError(`/usr/local/${name} is a folder of the host's`, { hint: "take another name" });
  return `usr/local/${name}`;
}

export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/** What hosts would rather have elsewhere. */
export function warningsOf(entries: readonly EntryPath[]): string[] {
  return entries
    .filter(({ to }) => isWithin(to, "usr/sbin"))
    .map(({ from, to }) => {
      const better = to.replace("usr/sbin", "usr/bin");
      return `/${to} would replace the host's /usr/sbin, and no image may have it: say /${from}:/${better}`;
    });
}
