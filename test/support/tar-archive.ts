/** Tar archives entry by entry, without the checks of those who write archives for others to trust. */
import { Header, type HeaderData } from "tar";

const BLOCK = 512;

/** As tar(5) has it. */
export function entry(fields: HeaderData, content: string | Buffer = ""): Buffer {
  const block = Buffer.alloc(BLOCK);
  const size = Buffer.byteLength(content);
  new Header({ type: "File", mode: 0o644, uid: 0, gid: 0, mtime: new Date(0), size, ...fields }).encode(block);
  return Buffer.concat([block, Buffer.from(content), Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK)]);
}

export function archive(...entries: Buffer[]): Buffer {
  return Buffer.concat([...entries, Buffer.alloc(2 * BLOCK)]);
}

export function link(path: string, linkpath: string, type: "SymbolicLink" | "Link" = "SymbolicLink"): Buffer {
  return entry({ path, linkpath, type });
}

/** A pax header for the next entry. */
export function pax(
  records: Readonly<Record<string, string | Buffer>>,
  type: HeaderData["type"] = "ExtendedHeader",
): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from("\n")]);
    let length = rest.length + 1;
    while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
    return Buffer.concat([Buffer.from(String(length)), rest]);
  });
  return entry({ path: "PaxHeader/x", type }, Buffer.concat(lines));
}

/** The same archive, its first header changed and its checksum right. */
export function patched(bytes: Buffer, at: number, value: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  value.copy(changed, at);
  changed.fill(" ", 148, 156);
  const sum = changed.subarray(0, BLOCK).reduce((total, byte) => total + byte, 0);
  changed.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return changed;
}
