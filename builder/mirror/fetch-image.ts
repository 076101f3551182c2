/** Brings an image to where it is to be: whole and right, or not at all. What was cut off is gone on from. */
import { chmod, mkdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { MAX_PUBLISHED_FILE_BYTES } from "../../schema/index.ts";
import { DownloadBars } from "../system/download-bars.ts";
import { WrongContentError } from "../system/errors.ts";
import { formatBytes } from "../system/format.ts";
import type { Http, Sink } from "../system/http.ts";
import { isFull, noSpace } from "../system/no-space.ts";
import type { Progress } from "../system/progress.ts";
import { Spool } from "../system/spool.ts";
import { flush } from "../system/work-dir.ts";

export interface ImageFetch {
  readonly url: string;
  readonly sha256: string;
  /** Bytes, where somebody has said it */
  readonly size?: number | undefined;
  /** Where it is to be */
  readonly to: string;
  /** The folder in which it lies until it is whole: on the same disk */
  readonly partials: string;
}

export interface ImageFetcher {
  readonly http: Pick<Http, "download">;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** Web servers read what mirrors write. */
const MODE = 0o644;

/**
 * @returns bytes
 * @throws WrongContentError for other bytes than the hash says, or more than there may be
 */
export async function fetchImage(image: ImageFetch, fetcher: ImageFetcher): Promise<number> {
  const partial = join(image.partials, `${basename(image.to)}.${image.sha256}`);
  await mkdir(image.partials, { recursive: true, mode: 0o700 });
  await mkdir(dirname(image.to), { recursive: true });
  try {
    const begun = await stat(partial).then(
      ({ size }) => size > 0,
      () => false,
    );
    try {
      return await fetchInto(partial, image, fetcher);
    } catch (error) {
      if (!(error instanceof WrongContentError)) throw error;
      // What a run before has left may be what is wrong.
      await rm(partial, { force: true });
      if (!begun) throw error;
      return await fetchInto(partial, image, fetcher);
    }
  } catch (error) {
    if (error instanceof WrongContentError) await rm(partial, { force: true });
    throw isFull(error) ? noSpace(basename(image.to), image.partials, error) : error;
  }
}

async function fetchInto(partial: string, image: ImageFetch, { http, progress, signal }: ImageFetcher) {
  const { url, sha256, to } = image;
  const bars = new DownloadBars(progress);
  let size: number;
  {
    await using spool = await Spool.open(partial, []);
    try {
      await http.download(url, bounded(spool, image), { onDownload: bars.for(basename(to)), signal });
    } finally {
      bars.end();
    }
    const actual = spool.complete();
    if (actual.sha256 !== sha256) {
      throw new WrongContentError(`${basename(to)} is not what the index says`, {
        details: { url, expected: sha256, actual: actual.sha256 },
        hint: "try again; if it persists, the bakery is damaged",
      });
    }
    size = actual.size;
  }
  await chmod(partial, MODE);
  await flush(partial);
  await rename(partial, to);
  await flush(dirname(to));
  return size;
}

/** Of what nobody vouches for yet, no more than there may be is written. */
function bounded(spool: Spool, { url, size: most = MAX_PUBLISHED_FILE_BYTES, to }: ImageFetch): Sink {
  const check = (bytes: number) => {
    if (bytes <= most) return;
    throw new WrongContentError(`${basename(to)} is larger than it may be`, {
      details: { url, expected: `${formatBytes(most)} at the most` },
      hint: "the bakery is damaged, or not what it seems",
    });
  };
  return {
    get size() {
      return spool.size;
    },
    expect(total) {
      check(total);
      spool.expect(total);
    },
    async write(piece) {
      check(spool.size + piece.length);
      await spool.write(piece);
    },
    digest: () => spool.digest(),
  };
}
