/** Checks where symlinks lead once the image is merged. */
import type { Plan } from "../plan.ts";
import { type Check, error, type Problem, warning } from "./finding.ts";
import { type ImageTree, isMerged } from "./image-tree.ts";

/** What a symlink to it means is "nothing here", as of a masked unit. */
const NULL = "dev/null";

export const danglingSymlink: Check = {
  id: "dangling-symlink",
  refuses: "symlinks to what should be in usr/ or opt/ and is not, unless the recipe declares them as hostLinks",
  find({ contents, tree, plan }) {
    const links = contents.entries.flatMap(({ path, target }) => (target === undefined ? [] : [{ path, target }]));
    const roots = tree.privateRoots.map((folder) => ({ folder, tree: tree.below(folder) }));
    const rootOf = (path: string) => roots.find(({ folder }) => path.startsWith(`${folder}/`));
    const unused = plan.hostLinks.filter((path) => links.every((link) => link.path !== path));
    return [
      ...links.flatMap(({ path, target }) => {
        const root = rootOf(path);
        return root ? problemsInside(root, path, target) : problemsOf(path, target, tree, plan);
      }),
      ...unused.map((path) => warning(`the image has no symlink ${path}, which the recipe declares in hostLinks`)),
    ];
  },
};

function problemsOf(path: string, target: string, tree: ImageTree, { hostLinks }: Plan): Problem[] {
  const end = tree.resolveLink(path, target);
  switch (end.kind) {
    case "entry":
      return [];
    case "loop":
      return [error(`${path} leads round in a circle: its target is ${target}`)];
    case "above-root":
      return [error(`${path} climbs above the root: its target is ${target}`)];
    case "absent":
      if (end.path === NULL || hostLinks.includes(path)) return [];
      if (!isMerged(end.path)) return [warning(`${path} leads to /${end.path}, which must be on the host`)];
      return [error(`${path} leads to ${end.path}, which is not in the image: its target is ${target}`)];
  }
}

interface PrivateRoot {
  readonly folder: string;
  readonly tree: ImageTree;
}

/**
 * In a private root a path begins at that root, and what is not below its `/usr` may be the host's there. That it is a
 * whole distribution's tree is known; that this has symlinks to packages which are not installed is no fault of the
 * image, and told.
 */
function problemsInside({ folder, tree }: PrivateRoot, path: string, target: string): Problem[] {
  const end = tree.resolveLink(path.slice(folder.length + 1), target);
  // `..` from a root stays there.
  if (end.kind === "entry" || end.kind === "above-root") return [];
  if (end.kind === "loop") return [warning(`${path} leads round in a circle: its target is ${target}`)];
  if (!isMerged(end.path)) return [];
  return [warning(`${path} leads to /${end.path}, which is not in the private root /${folder}`)];
}
