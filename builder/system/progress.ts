/**
 * The story of a run, told on stderr: a line for each step and, on a terminal, bars with bytes, rate and time left for
 * what is under way.
 */
import { Bar } from "./bar.ts";

/** A transfer of bytes that is shown while it lasts. */
export interface Transfer {
  advance(bytes: number): void;
  end(): void;
}

export interface Progress {
  /** Shows what is being done, does it, and says how it came out. `outcome` is for the end of the line. */
  step<T>(title: string, perform: () => Promise<T>, outcome: (result: T) => string): Promise<T>;
  /** A line about the step before, indented below it. */
  note(line: string): void;
  /** @param total bytes, where known; @param here those that came before */
  transfer(name: string, total: number | undefined, here?: number): Transfer;
  /** The same story, of one of several things that happen at once: its name stands behind each title. */
  about(name: string): Progress;
}

/** Where the story goes; `process.stderr` is one. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const TITLE_WIDTH = 30;
const REDRAW_MS = 100;
const DEFAULT_COLUMNS = 80;

export function progressOn(screen: Screen): Progress {
  return screen.isTTY ? new BarProgress(screen) : new LineProgress(screen);
}

/** A story that two hear; the second without what is shown while it lasts. */
export function tellingBoth(one: Progress, other: Progress): Progress {
  return {
    step: (title, perform, outcome) => one.step(title, () => other.step(title, perform, outcome), outcome),
    note(line) {
      one.note(line);
      other.note(line);
    },
    transfer: (...about) => one.transfer(...about),
    about: (name) => tellingBoth(one.about(name), other.about(name)),
  };
}

function stepLine(title: string, outcome: string): string {
  return `${`• ${title}`.padEnd(TITLE_WIDTH)}  ${outcome}`.trimEnd();
}

function noteLine(line: string): string {
  return `  ${line}\n`;
}

class LineProgress implements Progress {
  readonly #screen: Screen;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  async step<T>(title: string, perform: () => Promise<T>, outcome: (result: T) => string): Promise<T> {
    const result = await perform();
    this.#screen.write(`${stepLine(title, outcome(result))}\n`);
    return result;
  }

  note(line: string): void {
    this.#screen.write(noteLine(line));
  }

  transfer(): Transfer {
    return { advance: () => {}, end: () => {} };
  }

  about(name: string): Progress {
    return new NamedProgress(this, name);
  }
}

class NamedProgress implements Progress {
  readonly #progress: Progress;
  readonly #name: string;

  constructor(progress: Progress, name: string) {
    this.#progress = progress;
    this.#name = name;
  }

  step<T>(title: string, perform: () => Promise<T>, outcome: (result: T) => string): Promise<T> {
    return this.#progress.step(`${title}, ${this.#name}`, perform, outcome);
  }
  note(line: string): void {
    this.#progress.note(`${this.#name}: ${line}`);
  }
  transfer(name: string, total: number | undefined, here?: number): Transfer {
    return this.#progress.transfer(name, total, here);
  }
  about(name: string): Progress {
    return new NamedProgress(this, name);
  }
}

class BarProgress implements Progress {
  readonly #screen: Screen;
  readonly #bars = new Set<Bar>();
  /** Titles of what is under way. */
  readonly #steps = new Set<{ readonly title: string }>();
  /** What is on the screen now and will be taken back. */
  #drawn = "";
  #timer: NodeJS.Timeout | undefined;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  async step<T>(title: string, perform: () => Promise<T>, outcome: (result: T) => string): Promise<T> {
    const step = { title };
    this.#steps.add(step);
    this.#timer ??= setInterval(() => this.#draw(), REDRAW_MS);
    this.#draw();
    try {
      const result = await perform();
      this.#clear();
      this.#screen.write(`${stepLine(title, outcome(result))}\n`);
      return result;
    } finally {
      this.#steps.delete(step);
      this.#clear();
      if (this.#steps.size === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
    }
  }

  note(line: string): void {
    this.#clear();
    this.#screen.write(noteLine(line));
  }

  about(name: string): Progress {
    return new NamedProgress(this, name);
  }

  transfer(name: string, total: number | undefined, here = 0): Transfer {
    const bar = new Bar(name, total, here);
    this.#bars.add(bar);
    return {
      advance: (bytes) => bar.advance(bytes, performance.now()),
      end: () => this.#bars.delete(bar),
    };
  }

  #draw(): void {
    const now = performance.now();
    // A line that wraps would be two to take back. A terminal that does not know its width says 0.
    const width = (this.#screen.columns || DEFAULT_COLUMNS) - 1;
    const lines = [
      ...[...this.#steps].map(({ title }) => stepLine(title, "")),
      ...[...this.#bars].map((bar) => bar.line(now)),
    ];
    const text = lines.map((line) => `${line.slice(0, width)}\n`).join("");
    if (text === this.#drawn) return;
    this.#clear();
    this.#screen.write(text);
    this.#drawn = text;
  }

  /** Takes back what was drawn: up to the first line of it, then erases to the end (ECMA-48 CUU and ED). */
  #clear(): void {
    const lines = this.#drawn.split("\n").length - 1;
    if (lines > 0) this.#screen.write(`\x1b[${lines}A\x1b[J`);
    this.#drawn = "";
  }
}
