/**
 * The tree that guests are started from: a small Debian, made once and kept below `guests/` of the cache. Its name says
 * what it was made of, so another recipe is another tree.
 */
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeDebianTree } from "../rootfs/debian/debian.ts";
import { removeTree } from "../rootfs/remove-tree.ts";
import { sha256Of } from "../system/digest.ts";
import { openKept, removeOld, touch } from "../system/kept.ts";
import { withLock } from "../system/lock.ts";
import type { Progress } from "../system/progress.ts";
import { stageFolder } from "../system/staged-folder.ts";
import { machineArch } from "./machine-arch.ts";

export interface GuestTreeOptions {
  /** The folder of all caches: `cacheFolderFrom`. */
  readonly cache: string;
  /** Says where Debian's packages are had from, if not from where this machine has them. */
  readonly env: NodeJS.ProcessEnv;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** What a tree is made of. */
export interface GuestRecipe {
  /** To be counted up when we make something else of the same packages. */
  readonly format: number;
  readonly suite: string;
  readonly packages: readonly string[];
  /** Units that a guest does not need, and would wait for. */
  readonly masked: readonly string[];
  /** Programs that make units of what a guest does not have. Each runs at every reload: systemd.generator(7) */
  readonly maskedGenerators: readonly string[];
}

/**
 * systemd 257, whose systemd-sysupdate is in systemd-container; gpg is what verifies signed indexes. The rest is for
 * people who look around in a virtual machine.
 */
export const GUEST_RECIPE: GuestRecipe = {
  format: 2,
  suite: "trixie",
  packages: [
    ...["systemd", "systemd-sysv", "systemd-container", "dbus", "gpg", "libcurl4t64"],
    ...["udev", "kmod", "iproute2", "iptables", "procps", "less", "curl"],
  ],
  masked: [
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "console-getty.service",
    "dev-hugepages.mount",
    "dev-mqueue.mount",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "getty.target",
    "run-lock.mount",
    "systemd-ask-password-console.path",
    "systemd-ask-password-wall.path",
    "systemd-hostnamed.socket",
    "systemd-importd.socket",
    "systemd-journal-flush.service",
    "systemd-logind.service",
    "systemd-tmpfiles-clean.timer",
    "systemd-user-sessions.service",
  ],
  maskedGenerators: [
    "systemd-debug-generator",
    "systemd-getty-generator",
    "systemd-gpt-auto-generator",
    "systemd-hibernate-resume-generator",
    "systemd-import-generator",
    "systemd-rc-local-generator",
    "systemd-run-generator",
    "systemd-ssh-generator",
    "systemd-system-update-generator",
    "systemd-sysv-generator",
    "systemd-tpm2-generator",
  ],
};

/** For another run that makes it, over a slow line. Milliseconds. */
const PATIENCE = 15 * 60_000;

/** @returns the tree's folder, in which nothing may be written */
export async function guestTree(options: GuestTreeOptions, recipe = GUEST_RECIPE): Promise<string> {
  const folder = join(options.cache, "guests");
  const name = `${recipe.suite}-${machineArch()}-${sha256Of(JSON.stringify(recipe)).slice(0, 12)}`;
  const tree = join(folder, name);
  if (!(await touch(tree))) {
    await openKept(folder, "the guest's tree");
    await options.progress.step(
      "Making the guest's tree",
      // Two at once would each take twice the time for the same.
      () =>
        withLock(`${tree}.lock`, () => makeOnce(tree, recipe, options), { patience: PATIENCE, signal: options.signal }),
      () => `Debian ${recipe.suite}, kept for the next time`,
    );
    await removeOld(folder, removeTree);
  }
  return tree;
}

async function makeOnce(tree: string, recipe: GuestRecipe, options: GuestTreeOptions): Promise<void> {
  // Whoever had the lock before has made it.
  if (await touch(tree)) return;
  const make = async (staging: string) => {
    const path = join(staging, "tree");
    await makeGuestTree(recipe, path, options);
    // Its folder has the time that a package gave it.
    await touch(path);
    return { path, result: undefined };
  };
  await stageFolder(tree, make, { remove: removeTree });
}

async function makeGuestTree(recipe: GuestRecipe, folder: string, options: GuestTreeOptions): Promise<void> {
  const { suite, packages, masked, maskedGenerators } = recipe;
  const exclude = ["doc", "info", "locale", "man"].map((name) => `/usr/share/${name}/*`);
  const { progress, ...quietly } = options;
  await makeDebianTree({ suite, arch: machineArch(), packages, state: "installed", exclude }, folder, quietly);
  const settings = join(folder, "etc/systemd");
  for (const unit of masked) await symlink("/dev/null", join(settings, "system", unit));
  await mkdir(join(settings, "system-generators"), { recursive: true });
  for (const name of maskedGenerators) await symlink("/dev/null", join(settings, "system-generators", name));
  // Else systemd would rebuild its caches at each boot: systemd-update-done.service(8)
  for (const name of ["etc", "var"]) await writeFile(join(folder, name, ".updated"), "");
}
