/**
 * Guests in qemu: a virtual machine with a kernel of its own. Needs neither root nor loop devices; where there is no KVM
 * it takes some ten seconds to boot.
 */
import { availableParallelism, platform } from "node:os";
import { join } from "node:path";
import { ToolError } from "../system/errors.ts";
import { OWN_ARCH } from "../system/own-arch.ts";
import { withWorkDir } from "../system/work-dir.ts";
import { lastLines, plainText } from "./console.ts";
import type { GuestJob, GuestRunner, RunGuestOptions } from "./guest.ts";
import { jobFiles, jobResult, notDone, RESULT_FILES, START_JOB } from "./job.ts";
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
        const own = jobFiles(job, { end: "poweroff-immediate" });
        await packFiles([...(await trimmed(job.tree, "job")), ...own], files, signal);
        const channels = RESULT_FILES.map((name) => ({ name, file: join(work, name) }));
        const machine = await describe(job, { kernel, disks: [tree, kernel.modules, files], channels, memory });
        const console = await boot(machine, job, options);
        return await jobResult(work, console);
      });
    },
  };
}

async function unavailable(): Promise<string | undefined> {
  if (platform() !== "linux" || OWN_ARCH !== "x86-64") return "it needs Linux on x86-64";
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
      commandLine: `console=ttyS0 ${QUICK} ${START_JOB} systemd.show_status=1 systemd.log_color=0`,
    },
    disks: disks.map((file) => ({ file, format: "raw", writes: "refused" })),
    network: { forwarded: [], only: { ports, busybox: kernel.busybox } },
    firmwareFiles: [],
    console: "output",
    channels,
  };
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
  if (overtime.aborted) throw notDone(job, spoken());
  return spoken();
}
