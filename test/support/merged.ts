/** Merges an image with the real systemd-sysext, in mounts of its own, and runs a program from the merged tree. */
import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../builder/system/run.ts";
import { type Execution, execute } from "./execute.ts";
import { lackForMerging } from "./requirements.ts";
import { reasonOf, type SysextClient } from "./systemd-client.ts";

export interface Merged {
  /** The extensions that systemd-sysext says are merged into `/usr`. */
  readonly extensions: readonly string[];
  /** What the program printed, both ways; systemd-sysext's own words go to stderr. */
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | null;
  /** Whether the program is still there when the image is unmerged. */
  readonly leftBehind: boolean;
}

/**
 * A tree that looks like a machine: os-release and an empty `/usr`. Exit codes deceive (an image for another
 * architecture is passed over with 0), so the state is reported, between marks that no program prints.
 */
const SCRIPT = `
set -eu
tree=$1 image=$2 name=$3 sysext=$4 program=$5
shift 5
mount --make-rprivate /
mount -t tmpfs tmpfs "$tree"
mount --make-shared "$tree"
mount -t tmpfs tmpfs /run
mkdir -p "$tree/usr/lib" "$tree/opt" "$tree/etc/extensions"
printf 'ID=debian\\nVERSION_ID=12\\n' > "$tree/usr/lib/os-release"
cp "$image" "$tree/etc/extensions/$name.raw"
"$sysext" --root="$tree" merge >&2
# Its own list of what it has merged; "status" of 254 looks for it below / even with --root.
cat "$tree/usr/.systemd-sysext/extensions" 2>/dev/null || true
echo '=== program ==='
status=0
env -u LD_LIBRARY_PATH "$tree/$program" "$@" || status=$?
"$sysext" --root="$tree" unmerge >&2
echo '=== after ==='
if [ -e "$tree/$program" ]; then echo there; else echo gone; fi
exit "$status"
`;

interface Request {
  readonly image: string;
  /** The name that the image's metadata has. */
  readonly name: string;
  /** Path in the merged tree, then arguments. */
  readonly command: readonly [string, ...string[]];
}

/** Why no image can be merged here; undefined where it can. To be root is not enough in most containers. */
export async function mergingUnavailable(): Promise<string | undefined> {
  const lack = lackForMerging();
  if (lack !== undefined) return lack;
  if (!existsSync("/dev/loop-control")) return "needs loop devices";
  const mount = ["-m", "mount", "-t", "tmpfs", "tmpfs", "/run"];
  return run("unshare", mount).then(
    () => undefined,
    (error) => `needs the right to mount: ${reasonOf(error)}`,
  );
}

export async function runMerged(client: SysextClient, { image, name, command }: Request): Promise<Merged> {
  const tree = await mkdtemp(join(tmpdir(), "merged-"));
  try {
    const args = ["-m", "sh", "-c", SCRIPT, "sh", tree, image, name, client.sysext, ...command];
    const { exitCode, stdout, stderr } = await execute("unshare", args, { env: client.env });
    const [list = "", rest = ""] = stdout.split("=== program ===\n");
    const [printed = "", after = ""] = rest.split("=== after ===\n");
    return {
      extensions: list.split("\n").filter((line) => line !== ""),
      stdout: printed,
      stderr,
      exitCode,
      leftBehind: after.trim() !== "gone",
    };
  } finally {
    await rm(tree, { recursive: true });
  }
}

/**
 * A machine whose `/usr` is this one's with images merged into it, entered as its root: programs find what they look
 * for at absolute paths. `pivot_root` and not a chroot, in which nobody may make user namespaces.
 */
const AS_ROOT = `
set -eu
tree=$1 results=$2 sysext=$3
mount --make-rprivate /
mount -t tmpfs tmpfs "$tree"
mount --make-shared "$tree"
cd "$tree"
mkdir usr opt etc etc/extensions proc sys dev run tmp var var/tmp root home results old
chmod 1777 tmp var/tmp
mount --bind /usr usr
for path in bin sbin lib lib32 lib64; do [ ! -L "/$path" ] || cp -P "/$path" .; done
cp /etc/passwd /etc/group /etc/ld.so.cache etc/
mv "$results"/*.raw etc/extensions/
mount -t tmpfs tmpfs /run
"$sysext" --root="$tree" merge >&2
for path in proc sys dev; do mount --rbind "/$path" "$path"; done
mount -t tmpfs tmpfs run
mount --bind "$results" results
mount --make-rprivate /
pivot_root . old
cd /
umount -l /old
unset LD_LIBRARY_PATH
cat /usr/.systemd-sysext/extensions >/results/extensions || true
cat /proc/self/mounts >/results/before
/bin/sh /results/commands
cat /proc/self/mounts >/results/after
`;

export interface MergedRoot {
  readonly extensions: readonly string[];
  /** Of each command, in their order. */
  readonly ran: readonly Execution[];
  /** What was mounted, before and after the commands. */
  readonly mounts: { readonly before: string; readonly after: string };
}

/**
 * Runs shell commands on a machine that has images merged.
 * @param images files by the extensions' names
 * @param commands for `sh -c`, with the arguments after it
 */
export async function runAsRoot(
  { sysext, env }: SysextClient,
  images: Readonly<Record<string, string>>,
  commands: readonly string[],
): Promise<MergedRoot> {
  const [tree, results] = await Promise.all(["root-", "results-"].map((name) => mkdtemp(join(tmpdir(), name))));
  if (tree === undefined || results === undefined) throw new Error("no temporary folders");
  const read = (name: string) => readFile(join(results, name), "utf8");
  try {
    for (const [name, image] of Object.entries(images)) await copyFile(image, join(results, `${name}.raw`));
    const lines = commands.map(
      (line, at) => `( ${line} ) </dev/null >/results/${at}.out 2>/results/${at}.err; echo $? >/results/${at}.code\n`,
    );
    await writeFile(join(results, "commands"), lines.join(""));
    await run("unshare", ["-m", "sh", "-c", AS_ROOT, "sh", tree, results, sysext], { env });
    const ran = commands.map(async (_, at) => {
      const [stdout, stderr, code] = await Promise.all(["out", "err", "code"].map((name) => read(`${at}.${name}`)));
      return { stdout: stdout ?? "", stderr: stderr ?? "", exitCode: Number(code) };
    });
    return {
      extensions: (await read("extensions")).split("\n").filter((line) => line !== ""),
      ran: await Promise.all(ran),
      mounts: { before: await read("before"), after: await read("after") },
    };
  } finally {
    await rm(tree, { recursive: true });
    await rm(results, { recursive: true });
  }
}
