/** What makes a guest do its job, whatever it runs in: files over its tree, and what came of it. */
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ToolError, UserError } from "../system/errors.ts";
import { lastLines } from "./console.ts";
import type { GuestFile, GuestJob, GuestResult } from "./guest.ts";

/** Where the guest has what it shares with the machine: nspawn.sh and init.sh see to it. */
const SHARED = "/run/guest";
const SCRIPT = "var/lib/guest-job/script";
/** Started instead of multi-user.target, which it waits for. */
const TARGET = "guest-job.target";
const SERVICE = "guest-job.service";
/** kernel-command-line(7); systemd in a container takes it as an argument. */
export const START_JOB = `systemd.unit=${TARGET}`;

/** What the guest writes, each below `/run/guest/job`. */
export const RESULT_FILES = ["stdout", "exit-code"] as const;
const inShared = (name: (typeof RESULT_FILES)[number]) => `${SHARED}/job/${name}`;

export interface JobSurroundings {
  /** How all of it ends at once: systemd.unit(5), SuccessAction= */
  readonly end: "exit-force" | "poweroff-immediate";
  /** Ports for a guest whose network has nothing in it: each comes by a socket, `/run/guest/ports/<number>`. */
  readonly ports?: readonly number[] | undefined;
}

/** The files of the job among them, which say the last word. */
export function jobFiles({ files, script }: GuestJob, { end, ports = [] }: JobSurroundings): GuestFile[] {
  const given = new Set(files.map(({ path }) => path));
  const wanted = [SERVICE, ...ports.map((port) => `guest-port-${port}.socket`)].join(" ");
  const own = [
    unit(TARGET, `[Unit]\nRequires=multi-user.target\nWants=${wanted}\nAfter=multi-user.target ${wanted}\n`),
    unit(SERVICE, serviceText(end)),
    ...ports.flatMap((port) => portUnits(port)),
    { path: SCRIPT, content: script },
    // Without one systemd would treat this as a machine's first boot: machine-id(5)
    { path: "etc/machine-id", content: `${randomUUID().replaceAll("-", "")}\n` },
    { path: "etc/hostname", content: "guest\n" },
  ];
  return [...own.filter(({ path }) => !given.has(path)), ...files];
}

function unit(name: string, content: string): GuestFile {
  return { path: `etc/systemd/system/${name}`, content };
}

function serviceText(end: JobSurroundings["end"]): string {
  return `[Unit]
Description=Job of this guest
After=multi-user.target
# What runs still need not be stopped in order: all of it is thrown away.
SuccessAction=${end}
FailureAction=${end}

[Service]
Type=oneshot
Environment=HOME=/root SYSTEMD_COLORS=0 SYSTEMD_PAGER=
ExecStart=/bin/sh -c 'sh /${SCRIPT} > ${inShared("stdout")}; echo $$? > ${inShared("exit-code")}'
StandardError=journal+console
`;
}

function portUnits(port: number): GuestFile[] {
  const name = `guest-port-${port}`;
  return [
    unit(`${name}.socket`, `[Unit]\nBefore=${SERVICE}\n\n[Socket]\nListenStream=127.0.0.1:${port}\n`),
    unit(`${name}.service`, `[Service]\nExecStart=/usr/lib/systemd/systemd-socket-proxyd ${SHARED}/ports/${port}\n`),
  ];
}

/**
 * @param folder of this machine, in which what the guest has written is
 * @throws ToolError if it did not come to that
 */
export async function jobResult(folder: string, console: string): Promise<GuestResult> {
  const exitCode = await readFile(join(folder, "exit-code"), "utf8").catch(() => "");
  if (exitCode === "") {
    throw new ToolError("the guest ended before its job did", { details: { console: lastLines(console) } });
  }
  return { exitCode: Number(exitCode), stdout: await readFile(join(folder, "stdout"), "utf8"), console };
}

export function notDone({ timeout }: GuestJob, console: string): UserError {
  return new UserError(`the guest was not done after ${timeout} s`, {
    details: { console: lastLines(console) },
    hint: "what it said last may tell why; --timeout gives it longer",
  });
}
