/**
 * The kernel of virtual machines: Debian's for clouds, with a first root of our own that needs no more than it must.
 * Made once and kept; needs no root.
 */
import { createReadStream } from "node:fs";
import { chmod, copyFile, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { decompress } from "../../bake/root/decompress.ts";
import { wholeContent } from "../../bake/root/entry.ts";
import { makeDebianTree } from "../../rootfs/debian/debian.ts";
import { sha256Of } from "../../system/digest.ts";
import { ToolError } from "../../system/errors.ts";
import { touch } from "../../system/kept.ts";
import type { Progress } from "../../system/progress.ts";
import { run } from "../../system/run.ts";
import { withWorkDir } from "../../system/work-dir.ts";
import { type CpioEntry, cpioOf } from "./cpio.ts";
import { packFolder } from "./layer.ts";
import { keptFile, machinesFolder } from "./machine-files.ts";

/** Paths of files. */
export interface GuestKernel {
  readonly kernel: string;
  readonly initramfs: string;
  /** An image with `usr/lib/modules`. */
  readonly modules: string;
  /** A program that needs nothing, for this machine too. */
  readonly busybox: string;
}

export interface KernelOptions {
  /** The folder of all caches. */
  readonly cache: string;
  /** Says where Debian's packages are had from, if not from where this machine has them. */
  readonly env: NodeJS.ProcessEnv;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

const SUITE = "trixie";
const PACKAGES = ["linux-image-cloud-amd64", "busybox-static", "kmod"];
/** What the first root needs to find the second. */
const MODULES = ["virtio_blk", "squashfs", "overlay", "virtio_net", "loop"];
/** Which images a guest without modprobe can merge beside squashfs and ext4, which this kernel has built in. */
const FILE_SYSTEMS = ["erofs", "btrfs"];
const INIT = fileURLToPath(new URL("init.sh", import.meta.url));
/** To be counted up when we make something else of the same. */
const FORMAT = 1;

export async function guestKernel({ cache, env, progress, signal }: KernelOptions): Promise<GuestKernel> {
  const key = sha256Of(JSON.stringify([FORMAT, SUITE, PACKAGES, MODULES, FILE_SYSTEMS, await readFile(INIT, "utf8")]));
  // What a busybox does follows from what it is called.
  const name = (what: keyof GuestKernel) => `${what}-${SUITE}-${key.slice(0, 12)}`;
  const at = (what: keyof GuestKernel) => join(machinesFolder(cache), name(what));
  const files = {
    kernel: at("kernel"),
    initramfs: at("initramfs"),
    modules: at("modules"),
    busybox: at("busybox"),
  };
  const found = await Promise.all(Object.values(files).map(touch));
  if (!found.includes(false)) return files;

  const make = () =>
    withWorkDir(async (work) => {
      const parts = await makeParts(work, { cache, env, signal });
      for (const what of Object.keys(files) as (keyof GuestKernel)[]) {
        await keptFile(cache, name(what), (path) => copyFile(parts[what], path));
      }
      return parts.version;
    });
  if (progress === undefined) await make();
  else await progress.step("Making the guest's kernel", make, (version) => `Linux ${version}, kept for the next time`);
  return files;
}

async function makeParts(
  work: string,
  options: Omit<KernelOptions, "progress">,
): Promise<GuestKernel & { version: string }> {
  const { signal } = options;
  const root = join(work, "packages");
  await makeDebianTree({ suite: SUITE, arch: "x86-64", packages: PACKAGES, state: "unpacked" }, root, options);
  const [version] = await readdir(join(root, "usr/lib/modules"));
  if (version === undefined) throw new ToolError("Debian's package of the kernel has no modules");

  // Indexes of modules: this machine may have no kmod, so the one that came along makes them.
  const loader = join(root, "usr/lib64/ld-linux-x86-64.so.2");
  const libraries = join(root, "usr/lib/x86_64-linux-gnu");
  const kmod = ["--argv0", "depmod", "--library-path", libraries, join(root, "usr/bin/kmod")];
  // Below usr/, where the link from /lib leads: what it writes is to be in the tree's own folder.
  await run(loader, [...kmod, "--basedir", join(root, "usr"), "--moduledir", "/lib/modules", version], { signal });

  const layer = join(work, "layer");
  await mkdir(join(layer, "usr/lib"), { recursive: true });
  await rename(join(root, "usr/lib/modules"), join(layer, "usr/lib/modules"));
  const modules = join(work, "modules");
  await packFolder(layer, modules, signal);

  const busybox = join(root, "usr/bin/busybox");
  await chmod(busybox, 0o755);
  const initramfs = join(work, "initramfs");
  await writeFile(initramfs, await packInitramfs(join(layer, "usr/lib/modules", version), busybox));
  return { version, kernel: join(root, "boot", `vmlinuz-${version}`), initramfs, modules, busybox };
}

/** @param folder of the modules of a version */
async function packInitramfs(folder: string, busybox: string): Promise<Buffer> {
  const dependencies = await readDependencies(folder);
  const needed = inOrder(MODULES, dependencies);
  const others = inOrder(FILE_SYSTEMS, dependencies).filter((path) => !needed.includes(path));
  const entries: CpioEntry[] = [
    { path: "init", kind: "file", mode: 0o755, content: await readFile(INIT) },
    { path: "bin", kind: "folder", mode: 0o755 },
    { path: "bin/busybox", kind: "file", mode: 0o755, content: await readFile(busybox) },
    { path: "modules", kind: "folder", mode: 0o755 },
    {
      path: "filesystems",
      kind: "file",
      mode: 0o644,
      content: Buffer.from(others.map((path) => `usr/lib/modules/${basename(folder)}/${path}\n`).join("")),
    },
  ];
  for (const [at, path] of needed.entries()) {
    // A shell lists them in the order of their names.
    const name = `${String(at).padStart(2, "0")}-${moduleName(path)}.ko`;
    const content = await wholeContent(decompress(createReadStream(join(folder, path))));
    entries.push({ path: `modules/${name}`, kind: "file", mode: 0o644, content });
  }
  return cpioOf(entries);
}

/** modules.dep(5): `kernel/fs/erofs/erofs.ko.xz: kernel/fs/netfs/netfs.ko.xz …`, the deepest one last. */
async function readDependencies(folder: string): Promise<Map<string, readonly string[]>> {
  const text = await readFile(join(folder, "modules.dep"), "utf8");
  const lines = text.split("\n").filter((line) => line !== "");
  return new Map(
    lines.map((line) => {
      const [path = "", needed = ""] = line.split(":");
      return [moduleName(path), [path, ...needed.trim().split(" ")].filter((one) => one !== "").reverse()];
    }),
  );
}

/** Paths of modules and of what each needs, that before it. */
function inOrder(names: readonly string[], dependencies: ReadonlyMap<string, readonly string[]>): string[] {
  const paths = names.flatMap((name) => {
    const found = dependencies.get(name);
    if (found === undefined) throw new ToolError(`Debian's kernel has no module ${name}`);
    return found;
  });
  return [...new Set(paths)];
}

function moduleName(path: string): string {
  return basename(path).replace(/\.ko.*$/, "");
}
