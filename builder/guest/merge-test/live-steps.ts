/** Tells of the steps of a merge test as they happen: the guest says on its console when one begins and ends. */
import type { Progress } from "../../system/progress.ts";
import type { Step } from "./steps.ts";
import { parseMark } from "./transcript.ts";

interface Underway {
  readonly end: (outcome: string) => void;
  readonly told: Promise<unknown>;
}

export class LiveSteps {
  readonly #steps: readonly Step[];
  readonly #mark: string;
  readonly #progress: Progress;
  readonly #underway = new Map<string, Underway>();
  readonly #started = performance.now();
  #rest = "";
  /** How long it took from the start to the first step. Seconds. */
  bootSeconds = 0;

  constructor(steps: readonly Step[], mark: string, progress: Progress) {
    this.#steps = steps;
    this.#mark = mark;
    this.#progress = progress;
  }

  /** @param text what the console says next, in pieces of any size */
  hear(text: string): void {
    const lines = `${this.#rest}${text}`.split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#hearLine(line);
  }

  #hearLine(line: string): void {
    const found = parseMark(line, this.#mark);
    const step = this.#steps.find(({ id }) => id === found?.id);
    if (found === undefined || step === undefined) return;
    if (found.kind === "begin") this.#begin(step);
    else this.#underway.get(step.id)?.end(`${found.exitCode === 0 ? "" : "failed, "}${found.seconds.toFixed(1)} s`);
  }

  #begin({ id, title }: Step): void {
    if (this.bootSeconds === 0) this.bootSeconds = (performance.now() - this.#started) / 1_000;
    if (id === "boot") return;
    const { promise, resolve } = Promise.withResolvers<string>();
    const told = this.#progress.step(
      title,
      () => promise,
      (outcome) => outcome,
    );
    this.#underway.set(id, { end: resolve, told });
  }

  /** No step outlives the guest. */
  async end(): Promise<void> {
    for (const { end } of this.#underway.values()) end("not finished");
    await Promise.all([...this.#underway.values()].map(({ told }) => told));
  }
}
