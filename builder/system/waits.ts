/** Says once that a server makes us wait, however many requests wait for it at the same time. */
import { formatDuration } from "./format.ts";

/** Shorter ones are nobody's concern. Milliseconds. */
const NOTICEABLE = 1_000;

export class Waits {
  readonly #onWait: ((line: string) => void) | undefined;
  /** By host: until when it was said. Milliseconds of the process's own clock. */
  readonly #said = new Map<string, number>();

  constructor(onWait: ((line: string) => void) | undefined) {
    this.#onWait = onWait;
  }

  /** @param milliseconds from now on */
  tell(url: string, milliseconds: number, isRateLimit: boolean): void {
    if (milliseconds < NOTICEABLE) return;
    const { host } = new URL(url);
    const until = performance.now() + milliseconds;
    if (until < (this.#said.get(host) ?? 0) + NOTICEABLE) return;
    this.#said.set(host, until);
    const owner = host === "api.github.com" ? "GitHub's rate limit" : `the rate limit of ${host}`;
    const why = isRateLimit ? `${owner} is used up` : `${host} is busy`;
    this.#onWait?.(`${why}: waiting ${formatDuration(Math.ceil(milliseconds / 1_000))}`);
  }
}
