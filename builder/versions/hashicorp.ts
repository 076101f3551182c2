/**
 * HashiCorp's releases API.
 *
 * https://releases.hashicorp.com/docs/api/v1/
 */
import * as v from "valibot";
import { UpstreamError } from "../system/errors.ts";
import type { Answer, Answers } from "./answers.ts";
import { readJson } from "./read-answer.ts";

const releases = v.array(
  v.object({
    version: v.string(),
    is_prerelease: v.boolean(),
    license_class: v.string(),
    timestamp_created: v.pipe(v.string(), v.isoTimestamp()),
  }),
);
/** Those that need no licence to run. */
const FREE = "oss";
/** The API's maximum. */
const PAGE_SIZE = 20;
const MAX_PAGES = 200;

/** What has been released of a product, without prereleases, in the API's order: the newest first. */
export async function hashicorpVersions(answers: Answers, product: string): Promise<string[]> {
  const base = `https://api.releases.hashicorp.com/v1/releases/${encodeURIComponent(product)}`;
  const start = `${base}?license_class=${FREE}&limit=${PAGE_SIZE}`;
  const read = (answer: Answer) => readJson(answer, releases, "HashiCorp's API");
  const all: string[] = [];
  let [url, after] = [start, ""];
  for (let page = 1; page <= MAX_PAGES; page++) {
    const found = await answers.get(url, read);
    all.push(...found.filter((one) => one.license_class === FREE && !one.is_prerelease).map(({ version }) => version));
    const last = found.at(-1)?.timestamp_created;
    if (last === undefined || found.length < PAGE_SIZE) return all;
    if (last === after) break;
    after = last;
    url = `${start}&after=${encodeURIComponent(after)}`;
  }
  throw new UpstreamError("HashiCorp's list has no end", { details: { url } });
}
