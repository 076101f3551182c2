/** Which isolation works here, found by trying it; if none does, why, and what would help. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { arch as machineArch } from "node:os";
import { join } from "node:path";
import { type Arch, UNAME_ARCH } from "../../schema/index.ts";
import { type ErrorOptions, rootMessage, ToolError } from "../system/errors.ts";
import { OWN_ARCH } from "../system/own-arch.ts";
import { run } from "../system/run.ts";
import { withWorkDir } from "../system/work-dir.ts";
import { FOR_MANY_USERS, FOR_ONE_USER, FOR_ROOT, type Isolation } from "./isolation.ts";
import { smallestProgram } from "./smallest-program.ts";

export interface Needs {
  /** Of the programs that are to run; default: this machine's. */
  readonly arch?: Arch | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * @throws ToolError if none works, and if programs of the architecture do not run in one
 */
export async function findIsolation({ arch = OWN_ARCH, signal }: Needs = {}): Promise<Isolation> {
  const isRoot = process.getuid?.() === 0;
  return withWorkDir(async (work) => {
    const reasons: Record<string, string> = {};
    for (const isolation of isRoot ? FOR_ROOT : await forUser(signal)) {
      const reason = await lackOf(isolation, work, OWN_ARCH, signal);
      if (reason !== undefined) {
        reasons[isolation.name] = reason;
        continue;
      }
      const foreign = arch === OWN_ARCH ? undefined : await lackOf(isolation, work, arch, signal);
      if (foreign === undefined) return isolation;
      throw cannotRun(arch);
    }
    throw new ToolError("no program can be run apart from this machine", {
      details: reasons,
      hint: await whatHelps(isRoot, reasons),
    });
  });
}

async function forUser(signal: AbortSignal | undefined): Promise<readonly Isolation[]> {
  // Where it may make no namespace, an unshare that is to map ids leaves a process behind that waits for ever.
  const mayMap = await run("unshare", ["--user", "true"], { signal }).then(
    () => true,
    () => false,
  );
  signal?.throwIfAborted();
  return mayMap ? [...FOR_MANY_USERS, ...FOR_ONE_USER] : FOR_ONE_USER;
}

/** Why the smallest program does not run in a tree of its own. */
async function lackOf(
  isolation: Isolation,
  work: string,
  arch: Arch | undefined,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  if (arch === undefined) return `there are no images for ${machineArch()}`;
  const tree = join(work, arch);
  for (const name of ["", "proc", "dev", "tmp", "run"]) await mkdir(join(tree, name), { recursive: true });
  await writeFile(join(tree, "program"), smallestProgram(arch), { mode: 0o755 });
  const place = { tree, mounts: [], network: false, cwd: "/", path: "/" };
  const [program, ...args] = isolation.commandLine(place, ["/program"]);
  try {
    await run(program, args, { signal, killSignal: "SIGKILL" });
    return undefined;
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return error.details.output?.split("\n").at(-1) || rootMessage(error);
  }
}

function cannotRun(arch: Arch | undefined): ToolError {
  const name = arch === undefined ? arch : UNAME_ARCH[arch];
  return new ToolError(`programs for ${arch} do not run on this machine`, {
    hint: `install Debian's packages qemu-user-static and binfmt-support, and see that ${registered(name)}`,
  });
}

/** It may be in force where it is not mounted, as in a container: so it is tried and not read. */
function registered(name: string | undefined): string {
  return `binfmt_misc is mounted and has qemu-${name} (update-binfmts --enable qemu-${name})`;
}

/** The settings that deny users their namespaces, by the value that does, and how to allow them. */
const SETTINGS = [
  { name: "user.max_user_namespaces", denies: "0", allows: "15000" },
  { name: "kernel.unprivileged_userns_clone", denies: "0", allows: "1" },
  { name: "kernel.apparmor_restrict_unprivileged_userns", denies: "1", allows: "0" },
] as const;

async function whatHelps(
  isRoot: boolean,
  reasons: Readonly<Record<string, string>>,
): Promise<NonNullable<ErrorOptions["hint"]>> {
  if (Object.values(reasons).every((reason) => reason.endsWith("is not installed"))) {
    return "install Debian's package bubblewrap";
  }
  if (isRoot) return "in a container, root needs the capability CAP_SYS_ADMIN (docker run --privileged)";
  for (const { name, denies, allows } of SETTINGS) {
    const value = await readFile(`/proc/sys/${name.replaceAll(".", "/")}`, "utf8").catch(() => "");
    if (value.trim() === denies) return `allow users their namespaces: sudo sysctl -w ${name}=${allows}`;
  }
  return "run it as root, or install Debian's package bubblewrap and allow users their namespaces (user_namespaces(7))";
}
