/** The tree that is written: nothing twice, nothing below a file, and nothing through a symlink. */
import { constants } from "node:fs";
import { chmod, copyFile, link, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { errorCode, UserError } from "../system/errors.ts";

interface Put {
  readonly kind: "file" | "folder" | "symlink";
  /** What it is a copy of, or the symlink's target: equal means the same. */
  readonly of: string;
  /** Permissions that it gets in the end. */
  readonly mode?: number;
}

export class OutputTree {
  readonly root: string;
  readonly #put = new Map<string, Put>();

  private constructor(root: string) {
    this.root = root;
  }

  /** @throws UserError if something is in that folder */
  static async create(root: string): Promise<OutputTree> {
    await mkdir(root, { recursive: true });
    if ((await readdir(root)).length > 0) throw new UserError(`${root} is not empty`);
    return new OutputTree(root);
  }

  onDisk(path: string): string {
    return join(this.root, path);
  }

  has(path: string): boolean {
    return this.#put.has(path);
  }

  /** @returns whether it is new; the same thing may be put twice */
  async folder(path: string): Promise<boolean> {
    const before = this.#put.get(path);
    if (before?.kind === "folder") return false;
    await this.#make(path, { kind: "folder", of: "", mode: 0o755 }, () => mkdir(this.onDisk(path)));
    return true;
  }

  /** @param source where the file is on disk: nothing that leads through a symlink */
  async file(path: string, source: string, mode: number): Promise<void> {
    await this.#make(path, { kind: "file", of: source, mode }, async () => {
      await copyFile(source, this.onDisk(path), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      // It may be about to be patched.
      await chmod(this.onDisk(path), 0o600);
    });
  }

  /** Another name of a file that has been put. */
  async hardLink(path: string, to: string): Promise<void> {
    await this.#make(path, { kind: "file", of: this.#put.get(to)?.of ?? to }, () =>
      link(this.onDisk(to), this.onDisk(path)),
    );
  }

  async text(path: string, text: string, mode: number): Promise<void> {
    await this.#make(path, { kind: "file", of: `text ${text}`, mode }, () =>
      writeFile(this.onDisk(path), text, { flag: "wx" }),
    );
  }

  async symlink(path: string, target: string): Promise<void> {
    await this.#make(path, { kind: "symlink", of: target }, () => symlink(target, this.onDisk(path)));
  }

  /** A symlink to what is in this tree: relative, so that it leads there wherever the tree is. */
  async symlinkTo(path: string, to: string): Promise<void> {
    await this.symlink(path, posix.relative(posix.dirname(path), to) || ".");
  }

  /** Modes as they shall be, whatever the umask: last, for a folder may be one that nobody may write to. */
  async finish(): Promise<void> {
    for (const [path, { mode }] of [...this.#put].reverse()) {
      if (mode !== undefined) await chmod(this.onDisk(path), mode);
    }
    await chmod(this.root, 0o755);
  }

  async #make(path: string, put: Put, make: () => Promise<unknown>): Promise<void> {
    const before = this.#put.get(path);
    if (before !== undefined) {
      if (before.kind === put.kind && before.of === put.of) return;
      throw new UserError(`two things would be ${path}`, {
        details: { first: described(before), second: described(put) },
        hint: "give one of them another place: /path:/usr/place",
      });
    }
    const parent = posix.dirname(path);
    if (parent !== ".") {
      const { kind, of } = this.#put.get(parent) ?? {};
      if (kind === undefined) await this.folder(parent);
      else if (kind !== "folder") {
        const what = kind === "symlink" ? `a symlink to ${of}` : "a file";
        throw new UserError(`${path} would be below ${parent}, which is ${what}`);
      }
    }
    this.#put.set(path, put);
    await make().catch((error: unknown) => {
      if (errorCode(error) !== "EACCES") throw error;
      throw new UserError(`${put.of || path} cannot be read or copied`, {
        hint: "run it as the tree's owner",
        cause: error,
      });
    });
  }
}

function described({ kind, of }: Put): string {
  return kind === "symlink"
    ? `a symlink to ${of}`
    : kind === "folder"
      ? "a folder"
      : of.startsWith("text ")
        ? "a text"
        : of;
}
