/** Reads an archive of whatever kind: its first bytes say which, whatever its name is. */
import type { Whole } from "../../system/spool.ts";
import { ByteReader } from "./byte-reader.ts";
import { isDeb, readDeb } from "./deb-reader.ts";
import { decompress } from "./decompress.ts";
import { type ArchiveEntry, readTar } from "./tar-reader.ts";
import { isZip, readZip } from "./zip-reader.ts";

/** An archive that is here or on its way: a `Spool`. */
export interface Arriving {
  /** From its first byte on, as it arrives. */
  read(): AsyncIterable<Uint8Array>;
  whole(): Promise<Whole>;
}

const HEAD_LENGTH = 8;

/** @throws ArchiveError for what is damaged, odd, or no archive */
export async function* readArchive(archive: Arriving): AsyncGenerator<ArchiveEntry> {
  const reader = new ByteReader(archive.read());
  try {
    const head = await reader.exactly(HEAD_LENGTH);
    reader.unread(head);
    // What a zip has is told at its end.
    if (isZip(head)) yield* readZip(await archive.whole());
    else if (isDeb(head)) yield* readDeb(reader);
    else yield* readTar(decompress(reader.rest()));
  } finally {
    reader.close();
  }
}
