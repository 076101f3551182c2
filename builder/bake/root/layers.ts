/**
 * Lays trees over each other while they pass by: the top one first, and of each path the first one counts. What a
 * later layer replaces, no image ever held.
 */
import { UserError } from "../../system/errors.ts";
import type { Entries, RootEntry, RootFile } from "./entry.ts";
import { wholeContent } from "./entry.ts";

export interface Layer {
  /** For errors: who brings it. */
  readonly name: string;
  readonly entries: Entries | Iterable<RootEntry>;
  /** What `removed` and `replaced` are about. */
  readonly isEdited: boolean;
}

/** Changes to what layers bring. Each has to find what it changes: else upstream has changed. */
export interface Edits {
  readonly removed: readonly string[];
  readonly replaced: readonly Replacement[];
}

export interface Replacement {
  readonly path: string;
  readonly from: string;
  readonly to: string;
}

/** Of a file whose text is replaced. Bytes. */
const MAX_TEXT = 64 * 1024 ** 2;

interface Laid {
  readonly kind: RootEntry["kind"];
  /** The layer. */
  readonly by: string;
}

/**
 * @param layers the top one first
 * @throws UserError where two layers, or an edit and the layers, contradict each other
 */
export async function* lay(layers: readonly Layer[], edits: Edits): Entries {
  const laid = new Map<string, Laid>();
  const editor = new Editor(edits);
  for (const { name, entries, isEdited } of layers) {
    for await (const found of entries) {
      if (isEdited && editor.removes(found.path)) continue;
      const before = laid.get(found.path);
      if (before !== undefined) {
        checkSameKind(found, before, name);
        // Its text is what the edit was for, and nobody would see that it is not there.
        if (before.kind !== "folder" && isEdited) editor.hides(found.path);
        continue;
      }
      for (const folder of missingParents(found.path, laid)) {
        laid.set(folder, { kind: "folder", by: name });
        yield { path: folder, kind: "folder" };
      }
      if (found.kind === "hard-link") checkLink(found.path, found.to, laid.get(found.to), name);
      laid.set(found.path, { kind: found.kind, by: name });
      yield isEdited ? await editor.replace(found) : found;
    }
  }
  editor.checkFound();
}

/** @throws UserError where one of them is no folder */
function missingParents(path: string, laid: ReadonlyMap<string, Laid>): string[] {
  const missing: string[] = [];
  for (let end = path.indexOf("/"); end !== -1; end = path.indexOf("/", end + 1)) {
    const folder = path.slice(0, end);
    const { kind } = laid.get(folder) ?? {};
    if (kind === undefined) missing.push(folder);
    else if (kind === "symlink") throw new UserError(`${path} leads through the symlink ${folder}`);
    else if (kind !== "folder") throw new UserError(`${path} is below ${folder}, which is a file`);
  }
  return missing;
}

function checkSameKind({ path, kind }: RootEntry, before: Laid, by: string): void {
  if ((kind === "folder") === (before.kind === "folder")) return;
  throw new UserError(`${path} is a ${called(before.kind)} in one place and a ${called(kind)} in another`, {
    details: { [before.by]: called(before.kind), [by]: called(kind) },
  });
}

/** A link to what is not in the image would be a link to nothing, and one to another layer's file to something else. */
function checkLink(path: string, to: string, target: Laid | undefined, by: string): void {
  if (target?.by === by) return;
  throw new UserError(`${path} is a hard link to ${to}, which is removed or replaced`, { details: { from: by } });
}

function called(kind: RootEntry["kind"]): string {
  return kind === "hard-link" ? "file" : kind;
}

class Editor {
  readonly #edits: Edits;
  readonly #missing: { removed: Set<string>; replaced: Set<Replacement> };

  constructor(edits: Edits) {
    this.#edits = edits;
    this.#missing = { removed: new Set(edits.removed), replaced: new Set(edits.replaced) };
  }

  /** A folder goes with all that is in it. */
  removes(path: string): boolean {
    const removed = this.#edits.removed.filter((one) => path === one || path.startsWith(`${one}/`));
    for (const one of removed) this.#missing.removed.delete(one);
    return removed.length > 0;
  }

  async replace(found: RootEntry): Promise<RootEntry> {
    const replacements = this.#edits.replaced.filter(({ path }) => path === found.path);
    if (replacements.length === 0) return found;
    // A symlink could lead anywhere, and what it leads to has a path of its own.
    if (found.kind !== "file") throw new UserError(`${found.path} is no file`);
    for (const one of replacements) this.#missing.replaced.delete(one);
    return replaceAll(found, replacements);
  }

  hides(path: string): void {
    for (const one of this.#missing.replaced) {
      if (one.path === path) throw new UserError(`${path} cannot be both replaced as a whole and in part`);
    }
  }

  checkFound(): void {
    const [path] = [...this.#missing.removed, ...[...this.#missing.replaced].map((one) => one.path)];
    if (path !== undefined) throw new UserError(`the image has no ${path}`, { hint: "upstream may have changed" });
  }
}

async function replaceAll(file: RootFile, replacements: readonly Replacement[]): Promise<RootFile> {
  if (file.size > MAX_TEXT) throw new UserError(`${file.path} is too large to replace text in it`);
  const bytes = await wholeContent(file.content);
  let text = bytes.toString("utf8");
  if (!Buffer.from(text).equals(bytes)) throw new UserError(`${file.path} is no text`);
  for (const one of replacements) text = replaceText(text, one);
  const content = Buffer.from(text);
  return { ...file, size: content.length, content: [content] };
}

/** @throws UserError where the text does not occur: upstream has changed its file */
export function replaceText(text: string, { path, from, to }: Replacement): string {
  if (!text.includes(from)) throw new UserError(`nothing to replace in ${path}`, { details: { text: from } });
  return text.replaceAll(from, () => to);
}
