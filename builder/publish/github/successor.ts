/**
 * Drafts that are to take the place of a metadata release. Such a draft says in its title which release it takes the
 * place of, and how many files it is to have: so that it is known which of those that killed runs have left counts.
 */
import { randomBytes } from "node:crypto";
import type { GithubRelease } from "./answers.ts";

interface Succession {
  /** The number of the release that it is made from; 0: there was none */
  readonly from: number;
  readonly files: number;
}

/** The last part is nobody else's, for only who knows that it is his own may take it back. */
const TITLE = /^next .+, from (?<from>\d+), (?<files>\d+) files, [0-9a-f]{12}$/;

export function successorTitle(tag: string, { from, files }: Succession): string {
  return `next ${tag}, from ${from}, ${files} files, ${randomBytes(6).toString("hex")}`;
}

/** Of those for a tag, the ones that some run has begun. */
export function successorsIn(tag: string, releases: readonly GithubRelease[]): GithubRelease[] {
  return releases.filter((release) => release.draft && release.tag_name === tag && successionOf(release) !== undefined);
}

/**
 * The one that is as good as the release that has to be there and is not. Numbers grow: of several, what was made from
 * the newest release counts, for the others came too late when that one was published.
 */
export function lastSuccessor(tag: string, releases: readonly GithubRelease[]): GithubRelease | undefined {
  const whole = successorsIn(tag, releases).filter((draft) => {
    const uploaded = draft.assets.filter(({ state }) => state === "uploaded");
    return uploaded.length === successionOf(draft)?.files;
  });
  return whole.toSorted((a, b) => fromOf(b) - fromOf(a) || b.id - a.id)[0];
}

/** The number of the release that it is made from. */
function fromOf(draft: GithubRelease): number {
  return successionOf(draft)?.from ?? 0;
}

function successionOf({ name }: GithubRelease): Succession | undefined {
  const { from, files } = TITLE.exec(name ?? "")?.groups ?? {};
  return from === undefined ? undefined : { from: Number(from), files: Number(files) };
}
