/**
 * Makes indexes to be put: what the bakery says is published, signed.
 *
 * A signature is not given to whatever the bakery says. Each line must be one that was signed before, or one of a
 * release whose publisher has signed it, or our own: so a bakery that was broken into gets nothing signed that no
 * publisher has made.
 */
import {
  formatSha256Sums,
  type IndexEntry,
  type IndexRequest,
  type IndexState,
  linesOf,
  parseImageFile,
  parseSha256Sums,
  type ReleaseManifest,
  seriesIndexes,
} from "../../schema/index.ts";
import type { Keyring } from "../signing/keyring.ts";
import type { SigningKey } from "../signing/signing-key.ts";
import { UserError } from "../system/errors.ts";

export interface SigningPolicy {
  readonly key: SigningKey;
  /** The keys whose signatures count: this one's, those before it, those of other publishers */
  readonly trusted: Keyring;
  /** Signs what is there, whoever says so: to sign a bakery for the first time */
  readonly trustsBakery?: boolean;
}

/** The lines that a release has in its index, as text: what its publisher signs. */
export function releaseText({ extension, version, images }: ReleaseManifest): string {
  return formatSha256Sums(linesOf(extension, { version, images }));
}

/**
 * What is to be put as the next index; undefined where the last one is as it should be.
 * @param own the release that is being published
 * @throws UserError for a line that nobody vouches for
 */
export async function nextIndex(
  state: IndexState,
  policy: SigningPolicy | undefined,
  own?: ReleaseManifest,
): Promise<IndexRequest | undefined> {
  const { text, last } = state;
  if (policy === undefined) return last?.text === text ? undefined : { text, signatures: {} };
  const isTrusted = last !== null && (await isSigned(last, policy.trusted));
  if (isTrusted && last.text === text) return undefined;

  if (!policy.trustsBakery) await demandVouchers(state, policy.trusted, isTrusted ? linesIn(last.text) : [], own);
  if (text === "") return { text, signatures: {} };
  const series = [...seriesIndexes(linesIn(text))].map(
    async ([name, of]) => [name, await policy.key.sign(of)] as const,
  );
  const signatures = { index: await policy.key.sign(text), series: Object.fromEntries(await Promise.all(series)) };
  return { text, signatures };
}

/** As `nextIndex`, for the global index, which has no series. */
export async function nextGlobalIndex(
  state: IndexState,
  policy: SigningPolicy | undefined,
  own?: ReleaseManifest,
): Promise<IndexRequest | undefined> {
  const next = await nextIndex(state, policy, own);
  return next && { ...next, signatures: next.signatures.index === undefined ? {} : { index: next.signatures.index } };
}

async function isSigned({ text, signatures }: IndexRequest, keyring: Keyring): Promise<boolean> {
  if (text === "") return true;
  if (signatures.index === undefined || !(await keyring.verify(text, signatures.index))) return false;
  const series = signatures.series ?? {};
  for (const [name, of] of Object.keys(series).length === 0 ? [] : seriesIndexes(linesIn(text))) {
    if (!(await keyring.verify(of, series[name] ?? ""))) return false;
  }
  return true;
}

async function demandVouchers(
  { text, signatures }: IndexState,
  trusted: Keyring,
  signed: readonly IndexEntry[],
  own: ReleaseManifest | undefined,
): Promise<void> {
  const vouched = new Set(signed.map(lineOf));
  if (own !== undefined) for (const entry of linesOf(own.extension, own)) vouched.add(lineOf(entry));
  for (const [version, signature] of Object.entries(signatures)) {
    const lines = linesIn(text).filter(({ file }) => parseImageFile(file)?.version === version);
    for (const [, of] of Map.groupBy(lines, ({ file }) => parseImageFile(file)?.extension)) {
      if (await trusted.verify(formatSha256Sums(of), signature)) for (const entry of of) vouched.add(lineOf(entry));
    }
  }
  const unknown = linesIn(text).find((entry) => !vouched.has(lineOf(entry)));
  if (unknown === undefined) return;
  throw new UserError(`nobody whose key is known has signed ${unknown.file}, which the bakery has in its index`, {
    details: { sha256: unknown.sha256 },
    hint: "add that publisher's key to BAKERY_KEYRING; to sign all that is there once, ./bakery reindex --sign-all",
  });
}

function linesIn(text: string): IndexEntry[] {
  return text === "" ? [] : parseSha256Sums(text);
}

function lineOf({ file, sha256 }: IndexEntry): string {
  return `${sha256} ${file}`;
}
