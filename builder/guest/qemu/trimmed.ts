/** What a virtual machine that lives for minutes does without: to start it takes longer than all that it is needed for. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { GuestLink } from "./layer.ts";

/** Of no use in any of them. */
const USELESS = [
  "apt-daily-upgrade.timer",
  "apt-daily.timer",
  "dpkg-db-backup.timer",
  "e2scrub_all.timer",
  "e2scrub_reap.service",
  "fstrim.timer",
  "ldconfig.service",
  "modprobe@drm.service",
  "modprobe@efi_pstore.service",
  "proc-sys-fs-binfmt_misc.automount",
  "run-lock.mount",
  "sys-kernel-debug.mount",
  "sys-kernel-tracing.mount",
  "systemd-ask-password-console.path",
  "systemd-ask-password-wall.path",
  "systemd-journal-catalog-update.service",
  "systemd-journal-flush.service",
  "systemd-pcrphase-sysinit.service",
  "systemd-random-seed.service",
  "systemd-remount-fs.service",
  "systemd-tmpfiles-clean.timer",
  "systemd-update-done.service",
  // Names of users and devices are settled when the tree is made, and by the kernel.
  "systemd-tmpfiles-setup-dev-early.service",
  "systemd-tmpfiles-setup-dev.service",
];

/** Of no use where nobody logs in. */
const FOR_PEOPLE = [
  "console-getty.service",
  "dev-hugepages.mount",
  "dev-mqueue.mount",
  "getty.target",
  "modprobe@configfs.service",
  "modprobe@fuse.service",
  "systemd-creds.socket",
  "systemd-hostnamed.socket",
  "systemd-importd.socket",
  "systemd-initctl.socket",
  "systemd-logind.service",
  "systemd-udev-load-credentials.service",
  "systemd-udev-trigger.service",
  "systemd-udevd-control.socket",
  "systemd-udevd-kernel.socket",
  "systemd-udevd.service",
  "systemd-user-sessions.service",
];

/** systemd.unit(5) and systemd.generator(7): a link to /dev/null in /etc stands for what is not to be. */
export async function trimmed(tree: string, use: "job" | "people"): Promise<GuestLink[]> {
  const units = use === "job" ? [...USELESS, ...FOR_PEOPLE] : USELESS;
  const generators = await readdir(join(tree, "usr/lib/systemd/system-generators")).catch(() => []);
  const paths = [
    ...units.map((name) => join("etc/systemd/system", name)),
    ...generators.map((name) => join("etc/systemd/system-generators", name)),
  ];
  return paths.map((path) => ({ path, target: "/dev/null" }));
}

/** Kernel parameters, bootparam(7) and kernel-command-line(7). */
export const QUICK = [
  "quiet",
  // Nobody attacks it who could not have more by other means.
  "nokaslr",
  "mitigations=off",
  "lsm=capability",
  "audit=0",
  // A kernel that gives up ends the machine.
  "panic=-1",
  "net.ifnames=0",
  "systemd.firstboot=no",
].join(" ");
