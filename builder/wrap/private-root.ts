/** What a private root consists of: folders of the tree, and of the host it runs on. */
import { UsageError } from "../system/errors.ts";
import { isWithin } from "./entry-paths.ts";
import { namesIn, type Tree, targetOf } from "./tree.ts";

export type Side = "host" | "chroot";

export interface RootRequest {
  /** Whose `/etc` programs see; default: the host's. The same for `/var`, and for `/home` with `/root`. */
  readonly etc?: Side | undefined;
  readonly var?: Side | undefined;
  readonly home?: Side | undefined;
  /** Folders of the tree. */
  readonly chroot?: readonly string[] | undefined;
  /** Folders, and files, of the host; those that it has not are passed over. */
  readonly host?: readonly string[] | undefined;
}

export interface Part {
  /** From the private root: `/usr`. */
  readonly path: string;
  /** `link`: as in the tree, a symlink at the top of it. */
  readonly from: "tree" | "host" | "link";
  /** Of a link. */
  readonly target?: string;
  /** Whether it is inside of another part, so that nobody can make a place for it when the program starts. */
  readonly isNested: boolean;
}

export const DEFAULT_CHROOT: readonly string[] = ["/usr", "/lib", "/lib64", "/bin", "/sbin"];
export const DEFAULT_HOST: readonly string[] = ["/dev", "/proc", "/sys", "/run", "/tmp", "/var/tmp"];
const MAPPED = { etc: ["/etc"], var: ["/var"], home: ["/home", "/root"] } as const;

/**
 * @returns parts in the order in which they are mounted: what is inside of another one after it
 * @throws UsageError for paths that cannot be
 */
export async function partsOf(tree: Tree, request: RootRequest): Promise<Part[]> {
  const sides = { chroot: [...(request.chroot ?? DEFAULT_CHROOT)], host: [...(request.host ?? DEFAULT_HOST)] };
  for (const map of ["etc", "var", "home"] as const) sides[request[map] ?? "host"].push(...MAPPED[map]);
  const chroot = [...new Set(sides.chroot.map(checkPath))];
  const host = [...new Set(sides.host.map(checkPath))];
  const both = chroot.find((path) => host.includes(path));
  if (both !== undefined) throw new UsageError(`${both} cannot be both the tree's and the host's`);

  const parts: Part[] = [];
  // Sorted by their names, so that `/a-b` does not come between `/a` and `/a/b`.
  const all = [...chroot, ...host].sort((a, b) => compare(namesIn(a), namesIn(b)));
  for (const path of all) {
    const isNested = parts.some((part) => isWithin(path, part.path));
    if (host.includes(path)) {
      await checkMountPoint(tree, path, parts);
      parts.push({ path, from: "host", isNested });
      continue;
    }
    const entry = await tree.entry(path);
    if (entry === undefined) continue;
    if (entry.path !== path.slice(1)) {
      throw new UsageError(`${path} leads through a symlink of the tree`, { hint: `say /${entry.path}` });
    }
    if (entry.kind !== "symlink") parts.push({ path, from: "tree", isNested });
    else if (isNested)
      throw new UsageError(`${path} is a symlink in the tree`, { hint: `say ${targetOf(path, entry.target ?? "")}` });
    else parts.push({ path, from: "link", target: entry.target ?? "", isNested });
  }
  return parts;
}

/** Which part a path is in; undefined for what the private root has not. */
export function partAt(parts: readonly Part[], path: string): Part | undefined {
  return parts.findLast((part) => isWithin(path, part.path));
}

function checkPath(path: string): string {
  const names = namesIn(path);
  if (!path.startsWith("/") || names.length === 0 || names.includes("..") || /[\p{Cc}\ufffd]/u.test(path)) {
    throw new UsageError(`not a folder for a private root: ${JSON.stringify(path)}`, {
      hint: "an absolute path, and not / itself",
    });
  }
  return `/${names.join("/")}`;
}

/** A symlink on the way would have something of the host mounted elsewhere than it says. */
async function checkMountPoint(tree: Tree, path: string, parts: readonly Part[]): Promise<void> {
  const around = partAt(parts, path);
  if (around === undefined || around.from === "host") return;
  const names = namesIn(path);
  for (let length = 1; length <= names.length; length++) {
    const prefix = names.slice(0, length).join("/");
    const entry = await tree.entry(prefix);
    if (entry === undefined) return;
    if (entry.kind === "symlink") {
      throw new UsageError(`${path} leads through /${prefix}, a symlink of the tree to ${entry.target}`, {
        hint: "name the folder that it leads to",
      });
    }
  }
}

function compare(a: readonly string[], b: readonly string[]): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const [one = "", other = ""] = [a[at], b[at]];
    if (one !== other) return one < other ? -1 : 1;
  }
  return a.length - b.length;
}
