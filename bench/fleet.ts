/**
 * What a fleet costs, on paper: requests, operations of R2 and KV, and dollars a month. `./scripts/with-node bench/fleet.ts`
 *
 * Prices: Cloudflare's documentation of Workers, R2 and KV pricing, November 2026, on the paid plan of Workers.
 */
import { formatTable } from "../builder/system/format.ts";

const HOURS = 730;
const MINUTES = HOURS * 60;
const EXTENSIONS = 3;
/** How many isolates are warm for one extension, all over the world and day; each reads its index once a minute. */
const WARM_ISOLATES = 500;
/** Isolates that start in an hour, each of which asks KV for each extension. */
const STARTS_AN_HOUR = 2_000;
/** Each machine installs each extension anew so often in a month. */
const UPDATES = 4;
const IMAGE_GB = 0.06;
const STORED_GB = 200;
/** The cron trigger stamps each extension's copy every quarter of an hour. */
const KV_WRITES = EXTENSIONS * (MINUTES / 15);
const CPU_MS = 0.1;

const PRICES = {
  plan: 5,
  requestsIncluded: 10e6,
  requestsPerMillion: 0.3,
  cpuMsIncluded: 30e6,
  cpuPerMillionMs: 0.02,
  kvReadsIncluded: 10e6,
  kvReadsPerMillion: 0.5,
  kvWritesIncluded: 1e6,
  kvWritesPerMillion: 5,
  r2ReadsIncluded: 10e6,
  r2ReadsPerMillion: 0.36,
  r2StoragePerGb: 0.015,
};
/** Of the free plan; R2 has no charge for what goes out. */
const FREE_REQUESTS_A_DAY = 100_000;

interface Fleet {
  readonly machines: number;
  /** The index, and with Verify=true the signature: by its name (254, 257), or by the first of four (262) */
  readonly requestsPerCheck: number;
}

function monthOf({ machines, requestsPerCheck }: Fleet) {
  const checks = machines * EXTENSIONS * HOURS * requestsPerCheck;
  const images = machines * EXTENSIONS * UPDATES;
  const requests = checks + images;
  // No more isolates are warm than there are requests to keep them so.
  const refreshes = Math.min(checks, WARM_ISOLATES * EXTENSIONS * MINUTES);
  const r2Reads = images + refreshes;
  const kvReads = Math.min(checks, STARTS_AN_HOUR * HOURS * EXTENSIONS) + KV_WRITES;
  const over = (count: number, included: number, perMillion: number) =>
    (Math.max(0, count - included) / 1e6) * perMillion;
  const dollars =
    PRICES.plan +
    over(requests, PRICES.requestsIncluded, PRICES.requestsPerMillion) +
    over(requests * CPU_MS, PRICES.cpuMsIncluded, PRICES.cpuPerMillionMs) +
    over(kvReads, PRICES.kvReadsIncluded, PRICES.kvReadsPerMillion) +
    over(KV_WRITES, PRICES.kvWritesIncluded, PRICES.kvWritesPerMillion) +
    over(r2Reads, PRICES.r2ReadsIncluded, PRICES.r2ReadsPerMillion) +
    STORED_GB * PRICES.r2StoragePerGb;
  const isFree = (requests / HOURS) * 24 <= FREE_REQUESTS_A_DAY;
  return { requests, r2Reads, kvReads, terabytes: (images * IMAGE_GB) / 1000, dollars, isFree };
}

const millions = (count: number) => (count / 1e6).toFixed(1);
const rows = [
  ["machines, hourly, 3 extensions", "requests M", "R2 reads M", "KV reads M", "TB out", "$ a month", "free plan"],
];
for (const machines of [1_000, 10_000, 100_000, 1_000_000]) {
  for (const [signed, requestsPerCheck] of [
    ["", 1],
    [", signed", 2],
  ] as const) {
    const month = monthOf({ machines, requestsPerCheck });
    rows.push([
      `${machines.toLocaleString("en")}${signed}`,
      millions(month.requests),
      millions(month.r2Reads),
      millions(month.kvReads),
      month.terabytes.toFixed(1),
      month.dollars.toFixed(0),
      month.isFree ? "fits" : "no",
    ]);
  }
}
process.stdout.write(formatTable(rows));
