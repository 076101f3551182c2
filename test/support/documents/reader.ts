/**
 * Somebody who reads the documents and does what they say, in a folder as a checkout is: `./bakery`, `npm run …`, and a
 * `npx` that keeps what Cloudflare would be given, for there is no account.
 */
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { Workplace } from "../bakery.ts";
import type { Execution } from "../execute.ts";
import { BakeryCommand } from "./bakery-command.ts";
import { atBakery, type Block, blocksOf } from "./blocks.ts";
import { ShellSession } from "./shell-session.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** What npm's scripts need. */
const OF_CHECKOUT = ["package.json", "package-lock.json", "scripts", "node_modules"];

/** With the tests of machines there is time for all of it. */
export const TAKES_LONG = process.env.BAKERY_TEST_MACHINES === "1";

/** `npx wrangler secret put NAME` */
const npx = (secrets: string) => `#!/bin/sh
[ "$1 $2 $3" = "wrangler secret put" ] || { echo "no account for $*" >&2; exit 1; }
cat > "${secrets}/$4"
`;

/** What only readers know, such as `BAKERY_TOKEN=…`: it has been set before. */
const LEFT_OUT = /\b[A-Z_]+=… /g;

export interface Way {
  /** Does it instead of the reader's own shell. */
  readonly shell?: { run(commands: string): Promise<Execution> };
  /** Where the reader would have it elsewhere: `/srv/www` is nothing for tests. */
  readonly instead?: Readonly<Record<string, string>>;
}

export class Reader implements AsyncDisposable {
  readonly workplace: Workplace;
  readonly url: string;
  /** Blocks that were run, as `page: first line`. */
  readonly ran = new Set<string>();
  readonly #programs: Workplace;
  readonly #command: BakeryCommand;
  readonly #session: ShellSession;

  private constructor(
    url: string,
    [workplace, programs]: readonly [Workplace, Workplace],
    command: BakeryCommand,
    session: ShellSession,
  ) {
    this.url = url;
    this.workplace = workplace;
    this.#programs = programs;
    this.#command = command;
    this.#session = session;
  }

  /** @param url of the bakery that is read of as extensions.example.org */
  static async open(url: string, env: Readonly<Record<string, string>> = {}): Promise<Reader> {
    const places = [await Workplace.open(), await Workplace.open()] as const;
    const [workplace, programs] = places;
    for (const name of OF_CHECKOUT) await symlink(join(ROOT, name), workplace.file(name));
    await mkdir(programs.file("secrets"));
    await writeFile(programs.file("npx"), npx(programs.file("secrets")), { mode: 0o755 });
    // With the tests of machines, as npm runs it.
    const npm = TAKES_LONG ? [] : [programs.file("npm")];
    const command = await BakeryCommand.at(workplace.file("bakery"), ...npm);
    const PATH = `${programs.path}:${process.env.PATH}`;
    const all = { PATH, HOME: programs.path, BAKERY_CACHE: workplace.cache, ...env };
    return new Reader(url, places, command, await ShellSession.open({ cwd: workplace.path, env: all }));
  }

  /** Runs a block as it stands, but for the bakery's address. */
  async follows(page: string, firstLine: string, { shell = this.#session, instead = {} }: Way = {}) {
    const block = await this.reads(page, firstLine);
    const text = /^\$ /m.test(block.text) ? typedIn(block.text) : block.text;
    const said = Object.entries(instead).reduce((all, [from, to]) => all.replaceAll(from, to), text);
    return this.does(said.replace(LEFT_OUT, ""), shell);
  }

  /**
   * Runs a block that shows what its commands print.
   * @returns what it shows of each command, and what was to be seen
   */
  async watches(page: string, firstLine: string, { shell = this.#session }: Pick<Way, "shell"> = {}) {
    const { text } = await this.reads(page, firstLine);
    const commands = text.split(/^\$ /m).slice(1);
    const seen = [];
    for (const command of commands) {
      const [typed = "", ...lines] = command.split("\n");
      const { stdout, stderr } = await this.does(typed.replace(LEFT_OUT, ""), shell);
      seen.push({ typed, shown: lines.join("\n").trim(), printed: `${stderr}${stdout}`.trim() });
    }
    return seen;
  }

  /** What a test does with a block itself. */
  async reads(page: string, firstLine: string): Promise<Block> {
    const block = (await blocksOf(page)).find((one) => one.firstLine === firstLine);
    if (block === undefined) throw new RangeError(`${page} has no block that begins with ${firstLine}`);
    this.ran.add(nameOf(block));
    return { ...block, text: atBakery(block.text, this.url) };
  }

  /** Runs commands that are said outside of blocks, or that come before. */
  async does(commands: string, shell: Way["shell"] = this.#session): Promise<Execution> {
    const execution = await (shell ?? this.#session).run(atBakery(commands, this.url));
    expect(execution.exitCode, `${commands}\n${execution.stdout}\n${execution.stderr}`).toBe(0);
    return execution;
  }

  /** What Cloudflare was told to keep. */
  secret(name: string): Promise<string> {
    return readFile(this.#programs.file(`secrets/${name}`), "utf8");
  }

  file(name: string): Promise<string> {
    return readFile(this.workplace.file(name), "utf8");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
    await this.#command[Symbol.asyncDispose]();
    for (const place of [this.workplace, this.#programs]) await place[Symbol.asyncDispose]();
  }
}

/** By which a block is listed. */
export function nameOf({ page, firstLine }: Pick<Block, "page" | "firstLine">): string {
  return `${page}: ${firstLine}`;
}

/** The commands of a block that shows what they print, too. */
function typedIn(text: string): string {
  return text.replaceAll(/^(?:\$ (?<typed>.*)|.*)\n/gm, (_, typed?: string) =>
    typed === undefined ? "" : `${typed}\n`,
  );
}
