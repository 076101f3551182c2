/** The bar of a transfer: name, part, bytes, rate, and the time that is left. */
import { formatBytes, formatDuration } from "./format.ts";

/** Of the name, with the blanks before it. */
const NAME_WIDTH = 30;
const BAR_WIDTH = 24;
/** Rates are of the last few seconds, so that a stall shows. */
const RATE_WINDOW_MS = 3_000;

/** Times are milliseconds of any one clock. */
export class Bar {
  readonly #name: string;
  readonly #total: number | undefined;
  #bytes: number;
  #samples: { at: number; bytes: number }[] = [];

  constructor(name: string, total: number | undefined, here = 0) {
    this.#name = name;
    this.#total = total;
    this.#bytes = here;
  }

  advance(bytes: number, now: number): void {
    this.#samples = this.#samples.filter(({ at }) => now - at <= RATE_WINDOW_MS);
    if (this.#samples.length === 0) this.#samples.push({ at: now, bytes: this.#bytes });
    this.#bytes += bytes;
    this.#samples.push({ at: now, bytes: this.#bytes });
  }

  line(now: number): string {
    const name = this.#name.length > NAME_WIDTH - 4 ? `…${this.#name.slice(-(NAME_WIDTH - 5))}` : this.#name;
    const rate = this.#rate(now);
    const speed = rate > 0 ? `, ${formatBytes(rate)}/s` : "";
    if (this.#total === undefined || this.#total === 0) {
      return `    ${name.padEnd(NAME_WIDTH - 4)}  ${formatBytes(this.#bytes)}${speed}`;
    }
    const part = Math.min(1, this.#bytes / this.#total);
    const full = Math.round(part * BAR_WIDTH);
    const left = rate > 0 ? `, ${formatDuration((this.#total - this.#bytes) / rate)} left` : "";
    const bar = "█".repeat(full) + "░".repeat(BAR_WIDTH - full);
    return `    ${name.padEnd(NAME_WIDTH - 4)}  ${bar} ${formatBytes(this.#bytes)} of ${formatBytes(this.#total)}${speed}${left}`;
  }

  /** bytes a second */
  #rate(now: number): number {
    const recent = this.#samples.filter(({ at }) => now - at <= RATE_WINDOW_MS);
    const [first] = recent;
    if (first === undefined || now <= first.at) return 0;
    return ((this.#bytes - first.bytes) / (now - first.at)) * 1_000;
  }
}
