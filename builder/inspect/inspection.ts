/** What `inspect` tells of an image, as a value. */
import type { ImageFormat } from "../../schema/index.ts";
import type { Contents, ImageEntry } from "../image/contents.ts";
import { machineName } from "../image/elf.ts";
import type { OpenImage } from "../image/open-image.ts";
import type { ProvenanceShown } from "./provenance.ts";
import { type UnitShown, unitsIn } from "./units.ts";

export interface Metadata {
  /** Of the extension-release file; undefined where there is none, or more than one */
  readonly extension?: string;
  /** What that file says, `{ ID: "_any", ARCHITECTURE: "x86-64" }` */
  readonly release: Readonly<Record<string, string>>;
  readonly format: ImageFormat;
  readonly compression?: string;
  readonly blockSize: number;
  /** Bytes of the image */
  readonly size: number;
  readonly sha256: string;
  /** Bytes of all files */
  readonly unpackedSize: number;
  readonly files: number;
  readonly folders: number;
  readonly symlinks: number;
}

export interface EntryShown {
  readonly path: string;
  readonly kind: ImageEntry["kind"];
  /** Octal, `0755` */
  readonly mode: string;
  readonly size: number;
  readonly target?: string;
  /** Of an ELF file: for which machine it is */
  readonly arch?: string;
}

export interface Inspection extends Metadata {
  readonly image: string;
  readonly units: readonly UnitShown[];
  readonly provenance?: ProvenanceShown;
  readonly entries: readonly EntryShown[];
  /** The largest files, largest first */
  readonly largest: readonly { readonly path: string; readonly size: number }[];
}

export interface InspectionOptions {
  /** How many files count as the largest. */
  readonly largest: number;
  readonly provenance?: ProvenanceShown | undefined;
}

export function inspectionOf(image: OpenImage, { largest, provenance }: InspectionOptions): Inspection {
  const { entries } = image.contents;
  const files = entries.filter(({ kind }) => kind === "file").map(({ path, size }) => ({ path, size }));
  return {
    image: image.name,
    ...metadataOf(image),
    units: unitsIn(image.contents),
    ...(provenance !== undefined && { provenance }),
    entries: entries.map(showEntry),
    largest: files.sort((a, b) => b.size - a.size).slice(0, largest),
  };
}

export function metadataOf({ superblock, size, sha256, contents }: OpenImage): Metadata {
  const { format, compression, blockSize } = superblock;
  const count = (wanted: ImageEntry["kind"]) => contents.entries.filter(({ kind }) => kind === wanted).length;
  return {
    ...releaseOf(contents),
    format,
    ...(compression !== undefined && { compression }),
    blockSize,
    size,
    sha256,
    unpackedSize: contents.entries.reduce((sum, entry) => sum + entry.size, 0),
    files: count("file"),
    folders: count("folder"),
    symlinks: count("symlink"),
  };
}

export function showEntry({ path, kind, mode, size, target, elf }: ImageEntry): EntryShown {
  return {
    path,
    kind,
    mode: mode.toString(8).padStart(4, "0"),
    size,
    ...(target !== undefined && { target }),
    ...(elf !== undefined && { arch: machineName(elf) }),
  };
}

/** Where systemd-sysext looks: os-release(5) */
const RELEASE_FILE = /^usr\/lib\/extension-release\.d\/extension-release\.(?<name>.+)$/;
const ASSIGNMENT = /^(?<key>[A-Za-z0-9_]+)=(?<quote>["']?)(?<value>.*)\k<quote>$/;

function releaseOf({ texts }: Contents): Pick<Metadata, "extension" | "release"> {
  const [found, ...others] = [...texts].filter(([path]) => RELEASE_FILE.test(path));
  if (found === undefined || others.length > 0) return { release: {} };
  const [path, text] = found;
  const extension = RELEASE_FILE.exec(path)?.groups?.name;
  const release = Object.fromEntries(
    text.split("\n").flatMap((line) => {
      const { key, value } = ASSIGNMENT.exec(line.trim())?.groups ?? {};
      return key === undefined || value === undefined ? [] : [[key, value]];
    }),
  );
  return { ...(extension !== undefined && { extension }), release };
}
