/** What makes a guest do its job: units, and how ports of the machine come to it. */
import type { GuestFile, GuestJob } from "./guest.ts";

/** Where the guest has what it shares with the machine: nspawn.sh mounts it there. */
const SHARED = "/run/guest";

export const SCRIPT_FILE = "script";
export const STDOUT_FILE = "stdout";
export const EXIT_CODE_FILE = "exit-code";

const IN_JOB = (name: string) => `${SHARED}/job/${name}`;

/** Started instead of multi-user.target, which it waits for. */
const TARGET = "guest-job.target";

const SERVICE = `[Unit]
After=multi-user.target
# What runs still need not be stopped in order: all of it is thrown away.
SuccessAction=exit-force
FailureAction=exit-force

[Service]
Type=oneshot
Environment=HOME=/root SYSTEMD_COLORS=0 SYSTEMD_PAGER=
ExecStart=/bin/sh -c 'sh ${IN_JOB(SCRIPT_FILE)} > ${IN_JOB(STDOUT_FILE)}; echo $$? > ${IN_JOB(EXIT_CODE_FILE)}'
StandardError=journal+console
`;

/** @param path below the folder of units */
function unit(path: string, content: string): GuestFile {
  return { path: `etc/systemd/system/${path}`, content };
}

/** @param machineId 32 hex digits; without one systemd would treat the boot as a machine's first: machine-id(5) */
export function jobFiles({ ports = [] }: Pick<GuestJob, "ports">, machineId: string): GuestFile[] {
  const sockets = ports.map((port) => `guest-port-${port}.socket`);
  const wanted = ["guest-job.service", ...sockets].join(" ");
  return [
    unit(TARGET, `[Unit]\nRequires=multi-user.target\nWants=${wanted}\nAfter=multi-user.target ${wanted}\n`),
    unit("guest-job.service", SERVICE),
    ...ports.flatMap((port) => portUnits(port)),
    { path: "etc/machine-id", content: `${machineId}\n` },
    { path: "etc/hostname", content: "guest\n" },
  ];
}

/** The guest has a network of its own with nothing in it; a port comes to it through a socket of the file system. */
function portUnits(port: number): GuestFile[] {
  const name = `guest-port-${port}`;
  return [
    unit(`${name}.socket`, `[Unit]\nBefore=guest-job.service\n\n[Socket]\nListenStream=127.0.0.1:${port}\n`),
    unit(`${name}.service`, `[Service]\nExecStart=/usr/lib/systemd/systemd-socket-proxyd ${SHARED}/ports/${port}\n`),
  ];
}
