/** Opens an image by its path or URL: gets it, recognises it, measures it and unpacks it, all in a work folder. */
import { mkdir, stat, symlink } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { Cli } from "../commands/command.ts";
import { measureFile } from "../system/digest.ts";
import { DownloadBars } from "../system/download-bars.ts";
import { errorCode, UsageError } from "../system/errors.ts";
import { formatBytes } from "../system/format.ts";
import { Spool } from "../system/spool.ts";
import { withWorkDir } from "../system/work-dir.ts";
import type { Contents } from "./contents.ts";
import { readSuperblock, type Superblock } from "./format.ts";
import { unpack } from "./unpack.ts";

export interface OpenImage {
  /** As it was given: a path or a URL. */
  readonly name: string;
  readonly place: Place;
  /** Where its bytes are, while it is open. */
  readonly path: string;
  readonly superblock: Superblock;
  /** Bytes of the image */
  readonly size: number;
  readonly sha256: string;
  readonly contents: Contents;
  /** Where its files can be read. */
  readonly folder: string;
}

export type Place = { readonly kind: "file"; readonly path: string } | { readonly kind: "url"; readonly url: string };

/** All of the world that it takes. */
export type OpeningWorld = Pick<Cli, "cwd" | "upstreams" | "progress" | "signal">;

/**
 * @throws UsageError if there is no such file
 * @throws UserError for what is no image, or a damaged one
 */
export async function withImage<T>(
  name: string,
  world: OpeningWorld,
  use: (image: OpenImage) => Promise<T>,
): Promise<T> {
  const place = await locate(name, world.cwd);
  return withWorkDir(async (work) => {
    const path = join(work, "image.raw");
    if (place.kind === "file") await symlink(place.path, path);
    else await fetchTo(path, place.url, world);

    const superblock = await readSuperblock(path, name);
    const measured = await measureFile(path);
    const folder = join(work, "root");
    await mkdir(folder);
    const contents = await world.progress.step(
      `Unpacking ${basename(name)}`,
      () => unpack({ name, path, superblock }, folder, world.signal),
      ({ entries }) => `${entries.length} entries`,
    );
    return use({ name, place, path, superblock, ...measured, contents, folder });
  });
}

async function locate(name: string, cwd: string): Promise<Place> {
  if (/^https?:/i.test(name)) {
    const url = URL.parse(name);
    if (url === null) throw new UsageError(`no URL: ${name}`);
    return { kind: "url", url: url.href };
  }
  const path = resolve(cwd, name);
  const found = await stat(path).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return undefined;
    throw error;
  });
  if (found === undefined) throw new UsageError(`no such image: ${name}`, { hint: "give a file, or an http(s) URL" });
  // To read a pipe or a disk may have no end.
  if (!found.isFile()) throw new UsageError(`${name} is no file`, { hint: "give an image's file, or an http(s) URL" });
  return { kind: "file", path };
}

async function fetchTo(path: string, url: string, { upstreams, progress, signal }: OpeningWorld): Promise<void> {
  const name = basename(new URL(url).pathname) || url;
  const bars = new DownloadBars(progress);
  await using spool = await Spool.open(path, []);
  try {
    const fetch = () => upstreams.http.download(url, spool, { onDownload: bars.for(name), signal });
    await progress.step(`Fetching ${name}`, fetch, () => formatBytes(spool.size));
  } finally {
    bars.end();
  }
}
