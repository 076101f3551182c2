/** What systemd-sysupdate does, in a loop: index, signature, and everything that the index names. */
import { createHash } from "node:crypto";
import type { Keyring } from "../../builder/signing/keyring.ts";
import { isBestBefore, parseSha256Sums } from "../../schema/index.ts";

export interface PollingOptions {
  readonly url: string;
  readonly extension: string;
  readonly keyring: Keyring;
}

/** An index and its signature, and when the two requests were. */
export interface Poll {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly isSigned: boolean;
}

export class PollingClient {
  readonly problems: string[] = [];
  readonly polls: Poll[] = [];
  readonly #options: PollingOptions;
  readonly #verified = new Set<string>();
  #stopped = false;

  constructor(options: PollingOptions) {
    this.#options = options;
  }

  /** Until it is stopped. @param pause milliseconds between polls, about */
  async run(pause: number): Promise<void> {
    while (!this.#stopped) {
      await this.poll();
      await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Both requests at once, as the real clients make them. */
  async poll(): Promise<Poll | undefined> {
    const { url, extension, keyring } = this.#options;
    const path = `${url}/extensions/${extension}/SHA256SUMS`;
    const from = Date.now();
    const [index, signature] = await Promise.all([fetch(path), fetch(`${path}.gpg`)]);
    const [text, bytes] = await Promise.all([index.text(), signature.arrayBuffer()]);
    const to = Date.now();
    if (index.status === 404) return undefined;
    if (index.status !== 200) this.problems.push(`the index is answered ${index.status}`);
    const isSigned = await verdictOf(keyring, text, Buffer.from(bytes).toString("base64"));
    const poll = { from, to, text, isSigned };
    this.polls.push(poll);
    await this.#fetchAll(text);
    return poll;
  }

  /** Each image once: what was there with its hash stays so, or the next one's poll finds out. */
  async #fetchAll(text: string): Promise<void> {
    const { url, extension } = this.#options;
    for (const { file, sha256 } of parseSha256Sums(text).filter((line) => !isBestBefore(line))) {
      if (this.#verified.has(`${file} ${sha256}`)) continue;
      const response = await fetch(`${url}/extensions/${extension}/${file}`);
      const actual = createHash("sha256")
        .update(Buffer.from(await response.arrayBuffer()))
        .digest("hex");
      if (actual !== sha256) this.problems.push(`${file} is named, and answered ${response.status} with another hash`);
      this.#verified.add(`${file} ${sha256}`);
    }
  }
}

const verdicts = new WeakMap<Keyring, Map<string, Promise<boolean>>>();

/** A hundred clients that look at the same pair have it verified once. */
function verdictOf(keyring: Keyring, text: string, signature: string): Promise<boolean> {
  const known = verdicts.get(keyring) ?? new Map<string, Promise<boolean>>();
  verdicts.set(keyring, known);
  const pair = `${signature}\n${text}`;
  const verdict = known.get(pair) ?? keyring.verify(text, signature);
  known.set(pair, verdict);
  return verdict;
}
