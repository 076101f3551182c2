/** Looks at what passes by: afterwards it is known what is in the image, without anybody reading it again. */
import { type Contents, type ImageEntry, isRead } from "../../image/contents.ts";
import { ELF_HEAD_BYTES, readElf } from "../../image/elf.ts";
import { UserError } from "../../system/errors.ts";
import type { Entries, RootEntry, RootFile } from "./entry.ts";

export class Survey {
  readonly #entries = new Map<string, ImageEntry>();
  readonly #texts = new Map<string, Buffer>();

  /** The same entries, seen. */
  async *over(entries: Entries): Entries {
    for await (const entry of entries) {
      if (entry.kind === "file") yield { ...entry, content: this.#watch(entry) };
      else {
        this.#entries.set(entry.path, this.#describe(entry));
        yield entry;
      }
    }
  }

  /** When all have passed by. */
  get contents(): Contents {
    const entries = [...this.#entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
    return { entries, texts: new Map([...this.#texts].map(([path, bytes]) => [path, bytes.toString("utf8")])) };
  }

  #describe(entry: Exclude<RootEntry, RootFile>): ImageEntry {
    const { path } = entry;
    switch (entry.kind) {
      case "folder":
        return { path, kind: "folder", mode: 0o755, size: 0 };
      case "symlink":
        return { path, kind: "symlink", mode: 0o777, size: 0, target: entry.target };
      case "hard-link": {
        const file = this.#entries.get(entry.to);
        if (file === undefined) throw new RangeError(`${path} came before ${entry.to}`);
        if (isRead({ path, size: file.size })) {
          const text = this.#texts.get(entry.to);
          if (text === undefined)
            throw new UserError(`${path} is a hard link to ${entry.to}, so nobody could check it`);
          this.#texts.set(path, text);
        }
        return { ...file, path };
      }
    }
  }

  async *#watch({ path, mode, size, content }: RootFile): AsyncGenerator<Uint8Array> {
    const wanted = isRead({ path, size }) ? size : Math.min(size, ELF_HEAD_BYTES);
    const kept: Uint8Array[] = [];
    let length = 0;
    let passed = 0;
    for await (const piece of content) {
      if (length < wanted) {
        const part = Uint8Array.from(piece.subarray(0, wanted - length));
        kept.push(part);
        length += part.length;
      }
      passed += piece.length;
      if (passed > size) break;
      yield piece;
    }
    // A packer that has been promised another size would make a wrong image of it, or none.
    if (passed !== size) throw new RangeError(`${path} has ${passed} bytes, not ${size}`);
    const head = Buffer.concat(kept);
    const elf = readElf(head);
    this.#entries.set(path, { path, kind: "file", mode, size, ...(elf !== undefined && { elf }) });
    if (isRead({ path, size })) this.#texts.set(path, head);
  }
}
