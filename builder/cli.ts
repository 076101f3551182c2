/** `./bakery`: reads the command line, runs one command, and turns what went wrong into words and an exit code. */
import { Command, CommanderError } from "commander";
import { kitchenFrom } from "./bake/kitchen.ts";
import { Catalog } from "./catalog.ts";
import { bootCommand } from "./commands/boot.ts";
import type { Cli } from "./commands/command.ts";
import { completionCommand } from "./commands/completion.ts";
import { configCommand } from "./commands/config.ts";
import { createCommand } from "./commands/create.ts";
import { describeCommand } from "./commands/describe.ts";
import { diffCommand } from "./commands/diff.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { flatwrapCommand } from "./commands/flatwrap.ts";
import { flixCommand } from "./commands/flix.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { keygenCommand } from "./commands/keygen.ts";
import { listCommand } from "./commands/list.ts";
import { pruneCommand, yankCommand } from "./commands/maintain.ts";
import { manCommand } from "./commands/man.ts";
import { mirrorCommand } from "./commands/mirror.ts";
import { missingCommand } from "./commands/missing.ts";
import { newCommand } from "./commands/new.ts";
import { withFlagValues } from "./commands/options.ts";
import { planCommand } from "./commands/plan.ts";
import { publishCommand } from "./commands/publish.ts";
import { reindexCommand } from "./commands/reindex.ts";
import { releaseCommand } from "./commands/release.ts";
import { rootfsCommand } from "./commands/rootfs.ts";
import { testCommand } from "./commands/test.ts";
import { verifyReproducibleCommand } from "./commands/verify-reproducible.ts";
import { describeError, errorValue } from "./describe-error.ts";
import { BakeryError } from "./system/errors.ts";
import { progressOn, type Screen } from "./system/progress.ts";

const COMMANDS = [
  listCommand,
  newCommand,
  planCommand,
  createCommand,
  verifyReproducibleCommand,
  testCommand,
  bootCommand,
  inspectCommand,
  diffCommand,
  configCommand,
  missingCommand,
  releaseCommand,
  publishCommand,
  describeCommand,
  yankCommand,
  pruneCommand,
  reindexCommand,
  doctorCommand,
  mirrorCommand,
  keygenCommand,
  rootfsCommand,
  flixCommand,
  flatwrapCommand,
];

/** They describe the others. */
const SHELL_COMMANDS = [completionCommand, manCommand];

export interface Terminal {
  readonly stdout: Screen;
  readonly stderr: Screen;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly signal?: AbortSignal;
}

/** @returns the exit code: 0 done, 1 failed, 2 misused */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const json = args.includes("--json");
  try {
    await programFor(await contextOf(args, terminal, json), terminal).parseAsync(referenceHelp(withFlagValues(args)), {
      from: "user",
    });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (json && error.exitCode !== 0) terminal.stdout.write(jsonError(error));
      return error.exitCode === 0 ? 0 : 2;
    }
    if (terminal.signal?.aborted) return 130;
    if (json) terminal.stdout.write(jsonError(error));
    else terminal.stderr.write(describeError(error));
    return error instanceof BakeryError ? error.exitCode : 1;
  }
}

async function contextOf(
  args: readonly string[],
  { stdout, stderr, env, cwd, signal }: Terminal,
  json: boolean,
): Promise<Cli> {
  const catalog = new Catalog(env.BAKERY_EXTENSIONS);
  return {
    catalog,
    named: await catalog.named(args),
    // With --json stderr stays a terminal's; a program that reads stdout gets its story as lines.
    ...kitchenFrom(env, { progress: progressOn(json ? { write: (text) => stderr.write(text) } : stderr), signal }),
    env,
    cwd,
    stdout,
    now: () => new Date(),
  };
}

function programFor(cli: Cli, { stdout, stderr }: Pick<Terminal, "stdout" | "stderr">): Command {
  const output = {
    writeOut: (text: string) => stdout.write(text),
    writeErr: (text: string) => stderr.write(text),
  };
  const set = (command: Command) =>
    command.exitOverride().configureOutput(output).showHelpAfterError("(--help shows how it is used)");
  const program = set(new Command("bakery")).description(
    "bakes systemd system extensions and publishes them for systemd-sysupdate",
  );
  for (const make of COMMANDS) program.addCommand(set(make(cli)));
  for (const make of SHELL_COMMANDS) {
    program.addCommand(set(make(cli, (named) => programFor({ ...cli, named }, { stdout, stderr }))));
  }
  return program;
}

/** The reference shows help for `create help` and `create <ext> help` too. */
function referenceHelp(args: readonly string[]): string[] {
  const [name = "", ...rest] = args;
  return name !== "help" && rest.includes("help") && !rest.includes("--") ? [name, "--help"] : [...args];
}

function jsonError(error: unknown): string {
  return `${JSON.stringify({ error: errorValue(error) }, null, 2)}\n`;
}

if (import.meta.main) {
  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(name, () => interrupted.abort(new Error(`ended by ${name}`)));
  }
  const { stdout, stderr, env } = process;
  const { signal } = interrupted;
  process.exitCode = await main(process.argv.slice(2), { stdout, stderr, env, cwd: process.cwd(), signal });
}
