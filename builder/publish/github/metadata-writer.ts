/** Puts metadata releases, again and again for as long as others change what they are made from. */
import { publicPath } from "../../../schema/index.ts";
import { NotFoundError, UserError } from "../../system/errors.ts";
import type { GithubRelease } from "./answers.ts";
import type { Content } from "./contents.ts";
import { ChangedMeanwhile } from "./failures.ts";
import { type Metadata, TooLate } from "./metadata.ts";
import type { GithubReleases, Notes } from "./releases.ts";

/** What a metadata release is to have. */
export interface Plan {
  readonly metadata: Metadata;
  readonly contents: readonly Content[];
}

/** As many others may be faster in turn. */
const TRIES = 20;
/** Longer pauses do not make it likelier that nobody else is at it. */
const LONGEST_PAUSE_TRIES = 4;

export class MetadataWriter {
  readonly #releases: GithubReleases;
  #drafts: Promise<GithubRelease[]> | undefined;

  constructor(releases: GithubReleases) {
    this.#releases = releases;
  }

  /** What killed runs have left, and others are at, looked for once. */
  drafts(): Promise<GithubRelease[]> {
    this.#drafts ??= this.#releases.drafts();
    return this.#drafts;
  }

  /**
   * @param first made already; undefined: what it was made from has changed
   * @returns what was put in the end, and public paths of what was changed
   */
  async put<P extends Plan>(first: P | undefined, make: () => Promise<P>, notes: Omit<Notes, "tag">) {
    let planned = first;
    const late: GithubRelease[] = [];
    return this.untilStill(notes.title, async () => {
      const plan = planned ?? (await make());
      planned = undefined;
      const files = await plan.metadata
        .put(plan.contents, notes, () => this.drafts())
        .catch((error) => {
          if (error instanceof TooLate) late.push(error.late);
          throw error;
        });
      for (const draft of late) await this.#releases.delete(draft);
      return { plan, changed: files.map((file) => publicPath({ release: plan.metadata.tag, file })) };
    });
  }

  /** What was there a moment ago may be gone by now. */
  async untilStill<T>(what: string, attempt: (tries: number) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt(tries);
      } catch (error) {
        if (!(error instanceof ChangedMeanwhile || error instanceof NotFoundError)) throw error;
        if (tries === TRIES) {
          throw new UserError(`others keep changing the release ${what}`, {
            hint: "one at a time; publish it again, it goes on where it ended",
            cause: error,
          });
        }
      }
      await this.#releases.pause(Math.min(tries, LONGEST_PAUSE_TRIES));
    }
  }
}
