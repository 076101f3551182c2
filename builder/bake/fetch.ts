/** Fetch: gets every download of a plan, side by side, and lets nothing through that is not what it should be. */
import { join } from "node:path";
import type { DownloadRecord } from "../../schema/index.ts";
import type { Download } from "../recipe/index.ts";
import { NotFoundError, UpstreamError } from "../system/errors.ts";
import type { Downloaded } from "../system/http.ts";
import type { Progress, Transfer } from "../system/progress.ts";
import type { Upstreams } from "../versions/upstreams.ts";
import type { Plan } from "./plan.ts";
import { type ResolvedDownload, resolveDownload } from "./verify.ts";

/** A download that is here, and right. */
export interface Fetched {
  readonly download: Download;
  readonly path: string;
  readonly record: DownloadRecord;
}

/** @param folder an empty folder that the files go to */
export async function fetchDownloads(
  plan: Plan,
  folder: string,
  upstreams: Upstreams,
  progress: Progress,
): Promise<Fetched[]> {
  const others = new AbortController();
  const fetches = plan.downloads.map(async (download, at) => {
    const resolved = await explained(plan, () => resolveDownload(plan, download, upstreams));
    const path = join(folder, String(at));
    const downloaded = await explained(plan, () => downloadOne(resolved, path, others.signal, upstreams, progress));
    verify(resolved, downloaded);
    return { download, path, record: recordOf(resolved, downloaded) };
  });
  try {
    return await Promise.all(fetches);
  } catch (error) {
    // None may go on writing into a folder that its owner is about to remove.
    others.abort(error);
    await Promise.allSettled(fetches);
    throw error;
  }
}

async function downloadOne(
  { address, file }: ResolvedDownload,
  path: string,
  signal: AbortSignal,
  { http }: Upstreams,
  progress: Progress,
): Promise<Downloaded> {
  let shown: Transfer | undefined;
  try {
    const onDownload = (total: number | undefined) => {
      // A second try begins anew, and so does its bar.
      shown?.end();
      const transfer = progress.transfer(file, total);
      shown = transfer;
      return (bytes: number) => transfer.advance(bytes);
    };
    return await http.download(address, path, { onDownload, signal });
  } finally {
    shown?.end();
  }
}

function verify({ file, address, expected }: ResolvedDownload, { digests }: Downloaded): void {
  if (expected === undefined) return;
  const actual = digests[expected.algorithm];
  if (actual === expected.hex) return;
  throw new UpstreamError(`${file} does not match its published checksum`, {
    details: { url: address, expected: expected.hex, actual },
    hint: "try again; if it persists, upstream replaced the file: do not override",
  });
}

function recordOf({ download, verifiedBy, reason }: ResolvedDownload, { size, digests }: Downloaded): DownloadRecord {
  return { url: download.url, sha256: digests.sha256, size, verifiedBy, ...(reason !== undefined && { reason }) };
}

/** Upstream's "not found" mostly means that there is no such version. */
async function explained<T>(plan: Plan, perform: () => Promise<T>): Promise<T> {
  try {
    return await perform();
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    throw new NotFoundError(`${plan.extension} ${plan.version} is not there for ${plan.arch}: ${error.message}`, {
      details: error.details,
      hint: `./bakery list ${plan.extension} shows the versions that are`,
      cause: error,
    });
  }
}
