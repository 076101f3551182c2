/** Fetch: gets every download of a plan, side by side, and lets nothing through that is not what it should be. */
import type { DownloadRecord } from "../../../schema/index.ts";
import type { Download } from "../../recipe/index.ts";
import { DownloadBars } from "../../system/download-bars.ts";
import { UserError } from "../../system/errors.ts";
import type { Progress } from "../../system/progress.ts";
import type { Spool } from "../../system/spool.ts";
import type { Upstreams } from "../../versions/upstreams.ts";
import type { Plan } from "../plan.ts";
import type { Arrival, DownloadCache } from "./cache.ts";
import { explained } from "./explain.ts";
import { fileNameOf, type ResolvedDownload, resolveDownload } from "./resolve.ts";

/** A download that is under way: it may be read as it arrives, and is right when its record is there. */
export interface Fetch {
  readonly download: Download;
  /** What it is for. */
  readonly plan: Pick<Plan, "extension" | "version" | "arch">;
  readonly spool: Promise<Spool>;
  readonly record: Promise<DownloadRecord>;
}

export interface Fetches extends AsyncDisposable {
  /** In the order of the plan. */
  readonly all: readonly Fetch[];
  /** All that arrived, and right: rejects as soon as one has failed. */
  readonly records: Promise<DownloadRecord[]>;
}

export interface Fetchers {
  readonly upstreams: Upstreams;
  readonly downloads: DownloadCache;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** Begins all downloads. Whoever disposes of them has aborted or awaited them before. */
export function startFetches(plan: Plan, fetchers: Fetchers): Fetches {
  const begun = plan.downloads.map((download) => begin(plan, download, fetchers));
  const all = begun.map(({ fetch }) => fetch);
  const records = Promise.all(all.map(({ record }) => record));
  return {
    all,
    records,
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(all.map(({ record }) => record));
      for (const { arrival } of begun) await (await arrival.catch(() => undefined))?.[Symbol.asyncDispose]();
    },
  };
}

function begin(plan: Plan, download: Download, fetchers: Fetchers): { fetch: Fetch; arrival: Promise<Arrival> } {
  const bars = new DownloadBars(fetchers.progress);
  const resolving = explained(plan, () => resolve(plan, download, fetchers));
  const arrival = resolving.then((resolved) => {
    const { upstreams, downloads, signal } = fetchers;
    return downloads.take(resolved, { http: upstreams.http, signal, onDownload: bars.for(resolved.file) });
  });
  const spool = arrival.then((arrived) => arrived.spool);
  const record = explained(plan, async () => {
    try {
      const [resolved, { measured }] = await Promise.all([resolving, arrival]);
      const { size, sha256 } = await measured;
      await remember(resolved, sha256, fetchers.downloads);
      const { verifiedBy, reason, commit } = resolved;
      const told = { ...(reason !== undefined && { reason }), ...(commit !== undefined && { commit }) };
      return { url: download.url, sha256, size, verifiedBy, ...told };
    } finally {
      bars.end();
    }
  });
  // What fails is told by `records`; not every download has a reader by then.
  for (const promise of [spool, record]) promise.catch(() => {});
  return { fetch: { download, plan, spool, record }, arrival };
}

/** What vouches for it, by upstream's word; when offline, by what was upstream's word. */
async function resolve(plan: Plan, download: Download, { upstreams, downloads }: Fetchers): Promise<ResolvedDownload> {
  if (!downloads.offline) return resolveDownload(plan, download, upstreams);
  const known = await downloads.known.recall(download);
  if (known === undefined) {
    throw new UserError("a download is not in the download cache", {
      details: { url: download.url },
      hint: "run it once without --offline",
    });
  }
  return { download, file: fileNameOf(known.address), ...known };
}

async function remember(resolved: ResolvedDownload, sha256: string, downloads: DownloadCache): Promise<void> {
  if (downloads.offline) return;
  const { download, expected = { algorithm: "sha256", hex: sha256 } } = resolved;
  await downloads.known.remember(download, { ...resolved, expected });
}
