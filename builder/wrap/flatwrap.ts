/**
 * Flatwrap: copies a whole distribution's tree into an image, and puts scripts in its programs' places that start them
 * in mounts of their own, in which that tree is the root. No file of it is changed, and nothing of it is run.
 */
import { UserError } from "../system/errors.ts";
import type { Copied } from "./copied.ts";
import { copyTree, type TreeCopy } from "./copy-tree.ts";
import { type EntryPath, homeOf, parseEntryPaths, warningsOf } from "./entry-paths.ts";
import { configuredFolders, STANDARD_FOLDERS } from "./library-folders.ts";
import { OutputTree } from "./output-tree.ts";
import { type Part, partAt, partsOf, type RootRequest } from "./private-root.ts";
import { Tree, type TreeEntry } from "./tree.ts";
import { enterScript, MOUNT_POINT, runScript, SCRIPTS, wrapperScript } from "./wrapper-scripts.ts";

export interface FlatwrapRequest extends RootRequest {
  /** The root of a distribution's tree. */
  readonly tree: string;
  /** Where the tree goes: `/usr/local/<name>`. */
  readonly name: string;
  /** `/usr/bin/tool`, or `/bin/tool:/usr/bin/tool`: what hosts shall have of it. */
  readonly paths: readonly string[];
  /** Files of the tree that keep their setuid or setgid bit, `usr/bin/x`; others lose it. */
  readonly setuid?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Flatwrapped extends TreeCopy {
  /** Wrappers, and symlinks to what is no program. */
  readonly copied: readonly Copied[];
  /** What programs see, in the order in which it is mounted. */
  readonly root: readonly Part[];
  readonly warnings: readonly string[];
}

/**
 * @param output a folder that is not there yet, or empty; what is in it after a failure is the caller's to remove
 * @throws UsageError for paths and names that cannot be
 * @throws UserError for what is not in the tree, or not in the private root
 */
export async function flatwrap(request: FlatwrapRequest, output: string): Promise<Flatwrapped> {
  const { name, signal, setuid = [] } = request;
  const home = homeOf(name);
  const entries = parseEntryPaths(request.paths, name);
  const tree = await Tree.open(request.tree);
  if ((await tree.entry(SCRIPTS)) !== undefined) throw new UserError(`the tree has a /${SCRIPTS}, which is flatwrap's`);
  const root = await partsOf(tree, request);
  const wrapped = await Promise.all(entries.map((entry) => examine(tree, root, entry)));

  const written = await OutputTree.create(output);
  const keeping = new Set(setuid.map((path) => path.replace(/^\/+/, "")));
  const copy = await copyTree(tree, written, home, { setuid: keeping, signal });
  await putMountPoints(written, home, root);
  await putScripts(written, home, root);
  const copied: Copied[] = [];
  for (const { to, from, program } of wrapped) {
    if (program !== undefined) await written.text(to, wrapperScript(home, program), 0o755);
    else await written.symlinkTo(to, `${home}/${from}`);
    copied.push({ path: to, from, why: program === undefined ? "a symlink, for it is no program" : "a wrapper" });
  }
  await written.finish();
  return {
    ...copy,
    copied,
    root,
    warnings: [...warningsOf(entries), ...(await missedFolders(tree, root)), ...lost(copy)],
  };
}

interface Wrapped {
  readonly to: string;
  readonly from: string;
  /** What is started, in the private root; undefined for what is no program. */
  readonly program?: string;
}

async function examine(tree: Tree, root: readonly Part[], { from, to }: EntryPath): Promise<Wrapped> {
  const steps: TreeEntry[] = [];
  const end = await tree.find(from);
  for (let step = await tree.entry(from); step !== undefined; step = await tree.next(step)) {
    steps.push(step);
    if (step.kind !== "symlink") break;
  }
  if (end === undefined) {
    const [first] = steps;
    if (first === undefined) throw new UserError(`the tree has no /${from}`, { hint: "paths are those in the tree" });
    throw new UserError(`/${from} leads to ${first.target}, which is not in the tree`, {
      hint: "trees of unpacked packages lack what their scripts make, as alternatives",
    });
  }
  if (end.kind === "folder" || (end.stats.mode & 0o111) === 0) return { to, from: end.path };
  const isOurs = ({ path }: TreeEntry) => partAt(root, `/${path}`)?.from === "tree";
  if (!isOurs(end)) {
    throw new UserError(`/${end.path} is not in the private root`, {
      details: { "of the tree are": root.flatMap(({ path, from: side }) => (side === "host" ? [] : path)).join(" ") },
      hint: "name its folder too: --chroot",
    });
  }
  // By the name that was asked for, which some programs go by; but not by way of symlinks that are the host's there.
  const [first] = steps;
  const started = first !== undefined && steps.every(isOurs) ? first : end;
  return { to, from: first?.path ?? end.path, program: `/${started.path}` };
}

/** What is a file wherever it is; hosts' other things that a tree has not are taken for folders. */
const FILES = /\.conf$|^\/etc\/(?:group|hostname|hosts|localtime|machine-id|passwd|shadow|timezone)$/;

/** For parts of the host inside of those of the tree, which is read-only when it is mounted. */
async function putMountPoints(output: OutputTree, home: string, root: readonly Part[]): Promise<void> {
  for (const { path, from, isNested } of root) {
    const place = `${home}${path}`;
    if (from !== "host" || !isNested || output.has(place) || !isInTree(root, path)) continue;
    if (FILES.test(path)) await output.text(place, "", 0o644);
    else await output.folder(place);
  }
}

function isInTree(root: readonly Part[], path: string): boolean {
  return partAt(root, path.slice(0, path.lastIndexOf("/")))?.from === "tree";
}

async function putScripts(output: OutputTree, home: string, root: readonly Part[]): Promise<void> {
  await output.folder(`${home}/${SCRIPTS}/${MOUNT_POINT}`);
  await output.text(`${home}/${SCRIPTS}/run`, runScript(home, root), 0o755);
  await output.text(`${home}/${SCRIPTS}/enter`, enterScript(home, root), 0o755);
}

/** With the host's `/etc` the tree's configuration of its loader is not read. */
async function missedFolders(tree: Tree, root: readonly Part[]): Promise<string[]> {
  if (partAt(root, "/etc/ld.so.conf")?.from === "tree") return [];
  const missed: string[] = [];
  for (const folder of await configuredFolders(tree)) {
    if (STANDARD_FOLDERS.includes(folder)) continue;
    const entry = await tree.find(folder);
    if (entry?.kind === "folder" && (await tree.list(entry)).some((name) => /\.so(?:\.|$)/.test(name)))
      missed.push(folder);
  }
  if (missed.length === 0) return [];
  return [
    `libraries in ${missed.join(", ")} are not found with the host's /etc, which has another ld.so.conf: say --etc chroot`,
  ];
}

function lost({ plain, leftOut }: TreeCopy): string[] {
  return [
    ...plain.map((path) => `/${path} is setuid or setgid in the tree, and not in the image`),
    ...leftOut.map(({ path, why }) => `/${path} is left out: ${why}`),
  ];
}
