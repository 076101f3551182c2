/** Which of the ways to run a guest is used. */
import { ToolError } from "../system/errors.ts";
import type { GuestRunner } from "./guest.ts";
import { nspawnRunner } from "./nspawn.ts";
import { type QemuOptions, qemuRunner } from "./qemu.ts";

/** What makes a runner, which may keep things below the folder of all caches. */
type MakeRunner = (options: QemuOptions) => GuestRunner;

/** The first one that works here is what `auto` means. */
const RUNNERS: Readonly<Record<string, MakeRunner>> = {
  nspawn: () => nspawnRunner(),
  qemu: (options) => qemuRunner(options),
};

export const RUNNER_NAMES = [...Object.keys(RUNNERS), "auto"];

/** @throws ToolError that says why none can be used here */
export async function chooseRunner(choice: string, options: QemuOptions, runners = RUNNERS): Promise<GuestRunner> {
  const reasons: Record<string, string> = {};
  for (const [name, make] of Object.entries(runners)) {
    if (choice !== "auto" && choice !== name) continue;
    const runner = make(options);
    const reason = await runner.unavailable();
    if (reason === undefined) return runner;
    reasons[runner.name] = reason;
  }
  throw new ToolError("no guest can be started here", {
    details: reasons,
    hint: "run it as root, on a machine with loop devices and Debian's package systemd-container, or install qemu-system-x86",
  });
}
