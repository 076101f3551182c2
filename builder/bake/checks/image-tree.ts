/** The entries of an image as a tree in which paths lead through symlinks, as they will once it is merged. */
import { posix } from "node:path";
import type { ImageEntry } from "../../image/contents.ts";

/** Where a path ends that is followed through the image's symlinks. */
export type Resolved =
  | { readonly kind: "entry"; readonly entry: ImageEntry }
  /** Not in the image; the path is what is left to look for. */
  | { readonly kind: "absent"; readonly path: string }
  /** `..` from the root: the kernel stays there, so nobody can have meant it. */
  | { readonly kind: "above-root" }
  | { readonly kind: "loop" };

/** As many as the kernel follows: path_resolution(7), ELOOP. */
const MAX_SYMLINKS = 40;
/** Where `/usr` is merged these are symlinks to the folder of the same name there: file-hierarchy(7). */
const MERGED = /^(?:bin|sbin|lib|lib64)$/;

/** What `flatwrap` puts into a folder that becomes the root of the programs in it: `builder/wrap/wrapper-scripts.ts`. */
const PRIVATE_ROOT = /^(?<root>usr\/local\/[^/]+)\/\.flatwrap\/enter$/;

export class ImageTree {
  readonly #entries: ReadonlyMap<string, ImageEntry>;

  constructor(entries: readonly ImageEntry[]) {
    this.#entries = new Map(entries.map((entry) => [entry.path, entry]));
  }

  /** What is there, itself: a symlink is not followed. */
  get(path: string): ImageEntry | undefined {
    return this.#entries.get(path);
  }

  /** The folders of distributions' trees that programs see as their root; whatever is in them leads there. */
  get privateRoots(): string[] {
    const files = [...this.#entries.values()].filter(({ kind }) => kind === "file");
    return files.flatMap(({ path }) => PRIVATE_ROOT.exec(path)?.groups?.root ?? []);
  }

  /** What is below a folder, as a tree of its own. */
  below(folder: string): ImageTree {
    const inside = [...this.#entries.values()].filter(({ path }) => path.startsWith(`${folder}/`));
    return new ImageTree(inside.map((entry) => ({ ...entry, path: entry.path.slice(folder.length + 1) })));
  }

  /** Where the symlink at `path` leads that says `target`. */
  resolveLink(path: string, target: string): Resolved {
    return this.resolve(target.startsWith("/") ? target : `${posix.dirname(path)}/${target}`);
  }

  /** @param path from the root */
  resolve(path: string): Resolved {
    const waiting = namesIn(path).reverse();
    let reached: string[] = [];
    let followed = 0;
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (name === "..") {
        if (reached.length === 0) return { kind: "above-root" };
        reached.pop();
        continue;
      }
      if (reached.length === 0 && MERGED.test(name) && !this.#entries.has(name)) reached.push("usr");
      reached.push(name);
      const target = this.#entries.get(reached.join("/"))?.target;
      if (target === undefined) continue;
      if (++followed > MAX_SYMLINKS) return { kind: "loop" };
      reached = target.startsWith("/") ? [] : reached.slice(0, -1);
      waiting.push(...namesIn(target).reverse());
    }
    const end = reached.join("/");
    const entry = this.#entries.get(end);
    return entry === undefined ? { kind: "absent", path: end } : { kind: "entry", entry };
  }
}

/** Whether a path is in what systemd-sysext merges. */
export function isMerged(path: string): boolean {
  return /^(?:usr|opt)(?:\/|$)/.test(path);
}

function namesIn(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}
