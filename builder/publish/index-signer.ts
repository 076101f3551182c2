/**
 * Makes indexes to be put: what the bakery says is published, signed, and good until a day that the signer says.
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
  isBestBefore,
  linesOf,
  parseImageFile,
  parseSha256Sums,
  type ReleaseManifest,
  seriesIndexes,
  withBestBefore,
  withoutBestBefore,
} from "../../schema/index.ts";
import type { Keyring } from "../signing/keyring.ts";
import type { SigningKey } from "../signing/signing-key.ts";
import { UserError } from "../system/errors.ts";
import { type BestBefore, isDue, sharedDay } from "./index-date.ts";

/** Names by which clients ask for signatures: 254 and 257 the first, 262 the second. */
export const SIGNATURE_SUFFIXES = [".gpg", ".sha256.asc"] as const;

export interface SigningPolicy {
  /** Until when what is signed is good; none: for ever */
  readonly bestBefore?: BestBefore | undefined;
  /** Signs also what is good for long enough, so that all indexes have the same date */
  readonly renews?: boolean;
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

export interface GlobalOptions {
  /** Whether all other indexes were signed just now, so that the date can be theirs */
  readonly follows?: boolean;
}

/**
 * What is to be put as the next index; undefined where the last one is as it should be, and good for long enough.
 * @param own the release that is being published
 * @throws UserError for a line that nobody vouches for
 */
export async function nextIndex(
  state: IndexState,
  policy: SigningPolicy | undefined,
  own?: ReleaseManifest,
): Promise<IndexRequest | undefined> {
  return next(state, policy, own, { hasSeries: true, dayOf: (last) => ownDay(last, policy) });
}

/** As `nextIndex`, for the global index, which has no series and the earliest date of all. */
export async function nextGlobalIndex(
  state: IndexState,
  policy: SigningPolicy | undefined,
  own?: ReleaseManifest,
  { follows = false }: GlobalOptions = {},
): Promise<IndexRequest | undefined> {
  const extensions = new Set(linesIn(state.text).map(({ file }) => parseImageFile(file)?.extension));
  const hasOwnDay = follows || extensions.size === 1;
  const dayOf = (last?: LastIndex) => (hasOwnDay ? ownDay(last, policy) : sharedDay(last?.day, policy?.bestBefore));
  return next(state, policy, own, { hasSeries: false, dayOf });
}

interface LastIndex {
  readonly day?: string;
  /** Whether it has the lines that the next one is to have */
  readonly isSame: boolean;
}

interface Kind {
  readonly hasSeries: boolean;
  /** @param last if a key that counts has signed it: what the bakery alone says is no date */
  dayOf(last: LastIndex | undefined): string | undefined;
}

async function next(
  state: IndexState,
  policy: SigningPolicy | undefined,
  own: ReleaseManifest | undefined,
  { hasSeries, dayOf }: Kind,
): Promise<IndexRequest | undefined> {
  const { text, last } = state;
  const said = last === null ? undefined : withoutBestBefore(last.text);
  if (policy === undefined) return said?.text === text ? undefined : { text, signatures: {} };
  const signed = last !== null && (await isSigned(last, policy.trusted)) ? said : undefined;
  const isSame = signed?.text === text;
  const day = text === "" ? undefined : dayOf(signed && { ...signed, isSame });
  if (isSame && signed.day === day) return undefined;

  demandNoDate(text);
  if (!policy.trustsBakery) await demandVouchers(state, policy.trusted, linesIn(signed?.text ?? ""), own);
  if (text === "") return { text, signatures: {} };
  const dated = withBestBefore(text, day);
  const index = await policy.key.sign(dated);
  if (!hasSeries) return { text: dated, signatures: { index } };
  const series = [...seriesIndexes(linesIn(dated))].map(
    async ([name, of]) => [name, await policy.key.sign(of)] as const,
  );
  return { text: dated, signatures: { index, series: Object.fromEntries(await Promise.all(series)) } };
}

function ownDay(last: LastIndex | undefined, policy: SigningPolicy | undefined): string | undefined {
  const isKept = last?.isSame && !policy?.renews && !isDue(last.day, policy?.bestBefore);
  return isKept ? last.day : policy?.bestBefore?.day;
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

/** A day that is past, put by the bakery and signed by us, would stop every machine. */
function demandNoDate(text: string): void {
  const date = linesIn(text).find(isBestBefore);
  if (date === undefined) return;
  throw new UserError(`the bakery wants ${date.file} signed: only who signs an index says until when it is good`, {
    hint: "./bakery doctor looks at all of a bakery; has somebody broken into it?",
  });
}

function linesIn(text: string): IndexEntry[] {
  return text === "" ? [] : parseSha256Sums(text);
}

function lineOf({ file, sha256 }: IndexEntry): string {
  return `${sha256} ${file}`;
}
