/** Paths as a program inside of a tree sees them: symlinks lead to where they would there, never out of it. */
import { lstat, readlink } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, UserError } from "../system/errors.ts";

/** As many symlinks as Linux follows: path_resolution(7). */
const MAX_LINKS = 40;

/**
 * @param path from the tree's root; what of it is not there is taken as it is
 * @returns the same place with all symlinks followed, from the tree's root, `/run/systemd/resolve/resolv.conf`
 * @throws UserError for symlinks that lead in a circle
 */
export async function resolveInside(tree: string, path: string): Promise<string> {
  const ahead = parts(path);
  let place: string[] = [];
  for (let links = 0; ahead.length > 0; ) {
    const name = ahead.shift() ?? "";
    if (name === "..") {
      place.pop();
      continue;
    }
    const target = await linkTarget(join(tree, ...place, name));
    if (target === undefined) {
      place.push(name);
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) throw new UserError("symlinks of the tree lead in a circle", { details: { tree, path } });
    if (target.startsWith("/")) place = [];
    ahead.unshift(...parts(target));
  }
  return `/${place.join("/")}`;
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : undefined;
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

function parts(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}
