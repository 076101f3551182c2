/** A Debian with images merged, to look around in: the root's shell on this terminal, and nothing of it is kept. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { GuestFile } from "../guest/guest.ts";
import { acceleratorFor } from "../guest/qemu/accelerator.ts";
import { guestKernel } from "../guest/qemu/kernel.ts";
import { folderLayer, type GuestLink, packFiles } from "../guest/qemu/layer.ts";
import type { VirtualMachine } from "../guest/qemu/machine.ts";
import { QUICK, trimmed } from "../guest/qemu/trimmed.ts";
import { GUEST_RECIPE, type GuestRecipe, guestTree } from "../guest/tree.ts";
import type { Progress } from "../system/progress.ts";
import type { BootImage } from "./images.ts";
import { type MachineOptions, processors } from "./machine-options.ts";

/** What people want who look around, beside what is in every guest. */
export const DEBIAN_RECIPE: GuestRecipe = {
  ...GUEST_RECIPE,
  packages: [...GUEST_RECIPE.packages, "udev", "kmod", "iproute2", "iptables", "procps", "less", "curl"],
  // Which units are of no use depends on what the machine is for.
  masked: [],
};

export interface DebianSurroundings {
  /** The folder of all caches. */
  readonly cache: string;
  /** Says where Debian's packages are had from. */
  readonly env: NodeJS.ProcessEnv;
  /** An empty one, which is there as long as the machine is. */
  readonly work: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

export async function debianMachine(
  images: readonly BootImage[],
  { memory, ports }: MachineOptions,
  { cache, env, work, progress, signal }: DebianSurroundings,
): Promise<VirtualMachine> {
  const kernel = await guestKernel({ cache, env, progress, signal });
  const tree = await guestTree({ cache, env, progress, signal }, DEBIAN_RECIPE);
  const root = await folderLayer(tree, cache, signal);
  const files = join(work, "files");
  await packFiles([...(await trimmed(tree, "people")), ...machineFiles(images)], files, signal);
  return {
    arch: "x86-64",
    memory,
    cpus: processors(),
    accelerator: await acceleratorFor("x86-64"),
    start: {
      kind: "kernel",
      kernel: kernel.kernel,
      initramfs: kernel.initramfs,
      commandLine: ["console=ttyS0", QUICK, "systemd.show_status=1", ...terminalParameters()].join(" "),
    },
    disks: [root, kernel.modules, files].map((file) => ({ file, format: "raw", writes: "refused" })),
    network: { forwarded: ports },
    firmwareFiles: [],
    console: "terminal",
    channels: [],
  };
}

/** So that what draws on the screen knows it: kernel-command-line(7) */
function terminalParameters({ env, stdout } = process): string[] {
  const sizes = stdout.isTTY
    ? [`systemd.tty.rows.ttyS0=${stdout.rows}`, `systemd.tty.columns.ttyS0=${stdout.columns}`]
    : [];
  return /^[\w.+-]+$/.test(env.TERM ?? "") ? [...sizes, `systemd.tty.term.ttyS0=${env.TERM}`] : sizes;
}

/** A shell without a login: nobody could come to it who does not sit at this terminal. */
const CONSOLE = `[Unit]
Description=Shell on the console
After=multi-user.target

[Service]
Type=idle
Environment=HOME=/root USER=root LOGNAME=root SHELL=/bin/bash
WorkingDirectory=/root
ExecStart=-/bin/bash --login
Restart=always
RestartSec=0
StandardInput=tty
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
TTYReset=yes
TTYVHangup=yes
KillMode=process
SendSIGHUP=yes
`;

function machineFiles(images: readonly BootImage[]): (GuestFile | GuestLink)[] {
  const units = "etc/systemd/system";
  return [
    ...images.map(({ extension, path }) => ({ path: `etc/extensions/${extension}.raw`, content: { file: path } })),
    {
      path: `${units}/sysinit.target.wants/systemd-sysext.service`,
      target: "/usr/lib/systemd/system/systemd-sysext.service",
    },
    { path: `${units}/console-shell.service`, content: CONSOLE },
    { path: `${units}/multi-user.target.wants/console-shell.service`, target: "../console-shell.service" },
    // The shell is there; a login would be a second one on the same line.
    { path: `${units}/getty.target`, target: "/dev/null" },
    { path: `${units}/serial-getty@ttyS0.service`, target: "/dev/null" },
    { path: "etc/machine-id", content: `${randomUUID().replaceAll("-", "")}\n` },
    { path: "etc/hostname", content: "bakery\n" },
  ];
}
