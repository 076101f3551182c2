/** Runs programs inside of a tree, apart from the machine: a container's worth of isolation, as root and as a user. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Arch } from "../../schema/index.ts";
import { ToolError, UserError } from "../system/errors.ts";
import { run } from "../system/run.ts";
import { findIsolation } from "./find-isolation.ts";
import { resolveInside } from "./inside.ts";
import type { Isolation, Place } from "./isolation.ts";
import { type MountPoint, MountPoints } from "./mount-points.ts";

/** A folder or file of this machine that is seen inside. */
export interface TreeMount {
  /** Where it is on this machine */
  readonly from: string;
  /** Where it is seen, from the tree's root */
  readonly to: string;
  /** Whether it may be written to; default: no. */
  readonly writable?: boolean;
}

export interface Entering {
  /** The tree's; default: this machine's. Programs of another one are run by qemu through binfmt_misc. */
  readonly arch?: Arch | undefined;
  readonly mounts?: readonly TreeMount[];
  /** Beside PATH, HOME, LC_ALL and TERM, which may be set too. Nothing of the caller's environment is seen inside. */
  readonly env?: Readonly<Record<string, string>>;
  /** From the tree's root; default: there. */
  readonly cwd?: string;
  /** Default: none but the loopback interface. */
  readonly network?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** What the program reads on stdin; default: nothing. */
  readonly input?: AsyncIterable<Uint8Array>;
  /** Told what the program prints, both ways, as it comes. */
  readonly onOutput?: ((piece: Buffer) => void) | undefined;
}

/** What programs in any distribution find, unless they are told something else. */
export const ENVIRONMENT = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  LC_ALL: "C.UTF-8",
  TERM: "dumb",
};
const FOLDERS = ["/proc", "/dev", "/tmp", "/run"];
const RESOLV_CONF = "/etc/resolv.conf";

/**
 * The program may write to the tree; `/tmp`, `/run` and `/dev` are its own and go with it, and so does everything that
 * it has started. It is root inside. As a user, other users than that exist inside only as far as /etc/subuid and
 * /etc/subgid give some to the user: without any, what changes owners (dpkg among others) fails.
 *
 * Mount points that the tree lacks are there as long as the program runs: in such a tree one at a time.
 * @param command found on the PATH inside, then its arguments
 * @returns what the program printed on stdout
 * @throws ToolError if no such isolation is to be had here, if no program of its architecture runs here, if the
 *   program is not in the tree, or if it fails
 * @throws UserError for a mount that is not there
 */
export async function runIn(
  tree: string,
  command: readonly [string, ...string[]],
  options: Entering = {},
): Promise<string> {
  const { arch, network = false, cwd = "/", signal, input, onOutput } = options;
  signal?.throwIfAborted();
  const { PATH, ...variables } = { ...ENVIRONMENT, ...options.env };
  const wanted = network ? [...(options.mounts ?? []), { from: RESOLV_CONF, to: RESOLV_CONF }] : options.mounts;
  const place = { tree: resolve(tree), network, cwd, path: PATH, ...(await placed(resolve(tree), wanted ?? [])) };
  const isolation = await findIsolation({ arch, signal });
  await using _ = await MountPoints.make(place.tree, place.points);
  const [program, ...args] = isolation.commandLine(place, command);
  try {
    return await run(program, args, {
      ...{ env: aloneWith(variables), umask: 0o022, signal, killSignal: "SIGKILL", onOutput },
      ...(input !== undefined && { input }),
    });
  } catch (error) {
    throw error instanceof ToolError ? failure(error, place, command, isolation) : error;
  }
}

async function placed(tree: string, wanted: readonly TreeMount[]) {
  const mounts: Place["mounts"][number][] = [];
  const points: MountPoint[] = FOLDERS.map((path) => ({ path, kind: "folder" }));
  for (const { from, to, writable = false } of wanted) {
    const found = await stat(from).catch((cause) => {
      throw new UserError(`there is no ${from} to be seen inside`, { details: { tree, mount: to }, cause });
    });
    const place = await resolveInside(tree, to);
    mounts.push({ from: resolve(from), to: place, writable });
    // What is there anew each time is no part of the tree.
    const isFleeting = FOLDERS.some((folder) => place === folder || place.startsWith(`${folder}/`));
    if (!isFleeting) points.push({ path: place, kind: found.isDirectory() ? "folder" : "file" });
  }
  return { mounts, points };
}

/** An environment with nothing of ours, where secrets may be, but for the PATH that programs of this machine are on. */
export function aloneWith(variables: Readonly<Record<string, string>>): Record<string, string | undefined> {
  const ours = Object.keys(process.env).filter((name) => name !== "PATH");
  return { ...Object.fromEntries(ours.map((name) => [name, undefined])), ...variables };
}

/** Said in the words of what was asked for: nobody typed what we have made of it. */
function failure(error: ToolError, { tree }: Place, command: readonly string[], { name }: Isolation): ToolError {
  const { output = "" } = error.details;
  const said = output.split("\n").at(-1) ?? "";
  const [program = ""] = command;
  const details = { command: command.join(" "), tree };
  const isNotStarted = said.startsWith(name === "bwrap" ? "bwrap: execvp " : "unshare: failed to execute ");
  if (isNotStarted && said.endsWith("No such file or directory")) {
    return new ToolError(`there is no ${program} in the tree`, { details, cause: error });
  }
  if (isNotStarted) {
    return new ToolError(`${program} of the tree cannot be started`, { details: { ...details, output }, cause: error });
  }
  const how = error.message.replace(/^\S+ failed: /, "");
  return new ToolError(`${program} failed in the tree: ${how}`, {
    details: { ...details, output },
    ...(error.hint !== undefined && { hint: error.hint }),
    cause: error,
  });
}
