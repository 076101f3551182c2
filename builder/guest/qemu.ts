/**
 * Guests in qemu: a virtual machine with a kernel of its own. Needs neither root nor loop devices; where there is no KVM
 * it takes some ten seconds to boot.
 */
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { arch, availableParallelism, platform } from "node:os";
import { join } from "node:path";
import { ToolError, UserError } from "../system/errors.ts";
import { withWorkDir } from "../system/work-dir.ts";
import { lastLines, plainText } from "./console.ts";
import type { GuestFile, GuestJob, GuestResult, GuestRunner, RunGuestOptions } from "./guest.ts";
import { acceleratorFor } from "./qemu/accelerator.ts";
import { type GuestKernel, guestKernel } from "./qemu/kernel.ts";
import { folderLayer, packFiles } from "./qemu/layer.ts";
import { PORTS_ADDRESS, type VirtualMachine } from "./qemu/machine.ts";
import { checkQemu, runQemu } from "./qemu/process.ts";
import { QUICK, trimmed } from "./qemu/trimmed.ts";

export interface QemuOptions {
  /** The folder of all caches: the kernel and images of trees are kept there. */
  readonly cache: string;
  /** Says where Debian's packages are had from. */
  readonly env: NodeJS.ProcessEnv;
  /** MiB; all files that the guest writes are in there too. */
  readonly memory?: number;
}

const SCRIPT = "var/lib/guest-job/script";
/** Where init.sh links the ports to the host. */
const CHANNELS = "/run/guest";

const SERVICE = `[Unit]
Description=Job of this guest
After=multi-user.target
# All of it is thrown away: nothing need be stopped in order.
SuccessAction=poweroff-immediate
FailureAction=poweroff-immediate

[Service]
Type=oneshot
Environment=HOME=/root SYSTEMD_COLORS=0 SYSTEMD_PAGER=
ExecStart=/bin/sh -c 'sh /${SCRIPT} > ${CHANNELS}/stdout; echo $$? > ${CHANNELS}/exit-code'
StandardError=journal+console
`;

export function qemuRunner({ cache, env, memory = 1024 }: QemuOptions): GuestRunner {
  return {
    name: "qemu",
    hostAddress: PORTS_ADDRESS,
    unavailable,
    async run(job, options = {}) {
      const { signal } = options;
      const kernel = await guestKernel({ cache, env, signal });
      const tree = await folderLayer(job.tree, cache, signal);
      return withWorkDir(async (work) => {
        const files = join(work, "files");
        await packFiles([...(await trimmed(job.tree, "job")), ...jobFiles(job)], files, signal);
        const channels = ["stdout", "exit-code"].map((name) => ({ name, file: join(work, name) }));
        const machine = await describe(job, { kernel, disks: [tree, kernel.modules, files], channels, memory });
        const console = await boot(machine, job, options);
        return { ...(await resultIn(work, console)), console };
      });
    },
  };
}

async function unavailable(): Promise<string | undefined> {
  if (platform() !== "linux" || arch() !== "x64") return "it needs Linux on x86-64";
  try {
    await checkQemu({ arch: "x86-64" });
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return `${error.message}: ${error.hint ?? ""}`;
  }
  return undefined;
}

interface Parts {
  readonly kernel: GuestKernel;
  readonly disks: readonly string[];
  readonly channels: VirtualMachine["channels"];
  readonly memory: number;
}

async function describe({ ports = [] }: GuestJob, parts: Parts): Promise<VirtualMachine> {
  const { kernel, disks, channels, memory } = parts;
  return {
    arch: "x86-64",
    memory,
    // Emulated processors that wait for each other are slower than one, where they do not have a real one each.
    cpus: availableParallelism() > 2 ? 2 : 1,
    accelerator: await acceleratorFor("x86-64"),
    start: {
      kind: "kernel",
      kernel: kernel.kernel,
      initramfs: kernel.initramfs,
      commandLine: `console=ttyS0 ${QUICK} systemd.show_status=1 systemd.log_color=0`,
    },
    disks: disks.map((file) => ({ file, format: "raw", writes: "refused" })),
    network: { forwarded: [], only: { ports, busybox: kernel.busybox } },
    firmwareFiles: [],
    console: "output",
    channels,
  };
}

function jobFiles({ files, script }: GuestJob): (GuestFile | { path: string; target: string })[] {
  const given = new Set(files.map(({ path }) => path));
  const own = [
    { path: SCRIPT, content: script },
    { path: "etc/systemd/system/guest-job.service", content: SERVICE },
    { path: "etc/systemd/system/multi-user.target.wants/guest-job.service", target: "../guest-job.service" },
    // Without one systemd would treat this as a machine's first boot: machine-id(5)
    { path: "etc/machine-id", content: `${randomUUID().replaceAll("-", "")}\n` },
    { path: "etc/hostname", content: "guest\n" },
  ];
  return [...own.filter(({ path }) => !given.has(path)), ...files];
}

/** @returns what it said */
async function boot(machine: VirtualMachine, job: GuestJob, options: RunGuestOptions): Promise<string> {
  const { signal, onConsole = () => {} } = options;
  const overtime = AbortSignal.timeout(job.timeout * 1_000);
  const said: string[] = [];
  const listen = (stream: NodeJS.ReadableStream | null) =>
    stream?.setEncoding("utf8").on("data", (text: string) => {
      said.push(text);
      onConsole(plainText(text));
    });
  const spoken = () => plainText(said.join(""));
  try {
    await runQemu(machine, {
      stdio: ["ignore", "pipe", "pipe"],
      signal: signal === undefined ? overtime : AbortSignal.any([signal, overtime]),
      onStart: ({ stdout, stderr }) => [stdout, stderr].forEach(listen),
    });
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw new ToolError(error.message, { details: { output: lastLines(spoken()) }, cause: error });
  }
  signal?.throwIfAborted();
  if (overtime.aborted) {
    throw new UserError(`the guest was not done after ${job.timeout} s`, {
      details: { console: lastLines(spoken()) },
      hint: "what it said last may tell why; --timeout gives it longer",
    });
  }
  return spoken();
}

async function resultIn(work: string, console: string): Promise<Omit<GuestResult, "console">> {
  const exitCode = await readFile(join(work, "exit-code"), "utf8").catch(() => "");
  if (exitCode === "") {
    throw new ToolError("the guest ended before its job did", { details: { console: lastLines(console) } });
  }
  return { exitCode: Number(exitCode), stdout: await readFile(join(work, "stdout"), "utf8") };
}
