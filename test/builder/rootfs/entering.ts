/** Enters a tree as one of several users, with or without bubblewrap: what this machine can do is tried in all ways. */
import { existsSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execute } from "../../support/execute.ts";
import type { Outcome, Request } from "./enter-program.ts";

const PROGRAM = fileURLToPath(new URL("enter-program.ts", import.meta.url));
/** Of Debian, and of most others: a user that owns nothing. */
export const NOBODY = 65_534;
/** All that entering needs beside bubblewrap. */
const PROGRAMS = ["sh", "mkdir", "ln", "mount", "findmnt", "unshare", "setpriv", "setsid", "hostname", "ip", "true"];
const ID_PROGRAMS = ["newuidmap", "newgidmap"];

export const isRoot = process.getuid?.() === 0;

/** Who enters: root, a user without further ids, a user that /etc/subuid gives some. */
export type Who = "root" | "user" | "user with ids";
export const USERS: readonly Who[] = isRoot ? ["root", "user", "user with ids"] : ["user"];
export const TOOLS = ["bwrap", "unshare"] as const;
export const WAYS = USERS.flatMap((who) => TOOLS.map((tool) => [who, tool] as const));

/** A tree with the machine's own programs, and the folders of programs that users may have. */
export class Entrance implements AsyncDisposable {
  readonly work: string;
  readonly tree: string;

  private constructor(work: string) {
    this.work = work;
    this.tree = join(work, "tree");
  }

  static async open(): Promise<Entrance> {
    const entrance = new Entrance(await mkdtemp(join(tmpdir(), "entrance-")));
    const { work } = entrance;
    await chmod(work, 0o755);
    for (const tool of TOOLS) await mkdir(join(work, tool));
    for (const name of [...PROGRAMS, ...ID_PROGRAMS]) await entrance.offer("unshare", name);
    for (const name of [...PROGRAMS, ...ID_PROGRAMS, "bwrap"]) await entrance.offer("bwrap", name);
    await writeFile(join(work, "ids"), `0:300000:65536\n${NOBODY}:200000:65536\n`);
    await entrance.makeTree();
    return entrance;
  }

  async makeTree(): Promise<void> {
    await rm(this.tree, { recursive: true, force: true });
    for (const name of ["", "usr", "etc", "srv"]) await mkdir(join(this.tree, name));
    for (const name of ["bin", "sbin", "lib", "lib64"]) await symlink(`usr/${name}`, join(this.tree, name));
  }

  async give(who: Who): Promise<void> {
    if (!isRoot) return;
    const id = who === "root" ? 0 : NOBODY;
    for (const name of ["", "usr", "etc", "srv"]) await chown(join(this.tree, name), id, id);
  }

  /** Puts a program of this machine on a PATH, if it is there. */
  async offer(folder: string, name: string): Promise<void> {
    const places = `${process.env.PATH}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter);
    const place = places.find((one) => existsSync(join(one, name)));
    if (place !== undefined) await symlink(join(place, name), join(this.work, folder, name));
  }

  /** @param path folder of programs, one of `TOOLS` or one that a test has made */
  commandLine(who: Who, path: string, requests: readonly Request[]): [string, ...string[]] {
    const usr = { from: "/usr", to: "/usr" };
    const withUsr = requests.map(({ command, options = {} }) => {
      return { command, options: { ...options, mounts: [usr, ...(options.mounts ?? [])] } };
    });
    const request = JSON.stringify({ tree: this.tree, requests: withUsr });
    const program = ["env", `PATH=${join(this.work, path)}`, process.execPath, PROGRAM, request] as const;
    if (who === "root" || !isRoot) return [...program];
    const user = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", ...program] as const;
    return who === "user" ? [...user] : this.withIds(user);
  }

  /** Where root and nobody have further ids, without a change of the machine's own files. */
  withIds(command: readonly string[]): [string, ...string[]] {
    const script = 'for file in uid gid; do mount --bind "$0" /etc/sub$file; done && exec "$@"';
    return ["unshare", "--mount", "sh", "-c", script, join(this.work, "ids"), ...command];
  }

  async enter(who: Who, path: string, ...requests: Request[]): Promise<Outcome[]> {
    return outcomesOf(this.commandLine(who, path, requests));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.work, { recursive: true });
  }
}

export async function outcomesOf([program, ...args]: readonly [string, ...string[]]): Promise<Outcome[]> {
  const { stdout, stderr } = await execute(program, args, { env: { SECRET: "hidden" } });
  if (stdout === "") throw new Error(`nothing came back: ${stderr}`);
  return JSON.parse(stdout);
}
