/** `test`: merges an image in a throw-away guest, and sees that it works. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { SmokeCommand } from "../bake/smoke.ts";
import { describeTest } from "../guest/merge-test/describe-test.ts";
import { testOperand } from "../guest/merge-test/test-operand.ts";
import { RUNNER_NAMES } from "../guest/runners.ts";
import { type Cli, command } from "./command.ts";
import { parseCount } from "./options.ts";

export function testCommand(cli: Cli): Command {
  return command<[string]>(
    cli,
    "test <image>",
    "merge an image in a throw-away guest, and see that its files, units and programs work",
    async ({ runner, timeout, smoke, json }, operand) => {
      const { test, failure } = await testOperand(operand, { runner, timeout, smoke }, cli);
      const text = describeTest(test);
      if (failure === undefined) return { value: test, text };
      if (!json) cli.stdout.write(text);
      throw failure;
    },
  )
    .option("--smoke <command>", "also run this command of a shell once it is merged; may be repeated", addSmoke, [])
    .addOption(new Option("--runner <runner>", "what the guest runs in").choices(RUNNER_NAMES).default("auto"))
    .option("--timeout <seconds>", "how long the guest may take", parseCount, 120)
    .addHelpText(
      "after",
      `
The image is a file, an http(s) URL, or a folder with a release. In the guest systemd-sysupdate downloads it from a
server on this machine by its own transfer file, systemd-sysext merges it, its units are verified, those that it upholds
have to run and to survive a kill, its smoke commands are run, and it is unmerged. Nothing of it stays on this machine
but the guest's tree in the cache. It needs root. A guest is no prison: test what you would install.

What the image has to provide, uphold and run is what the recipe of its name says. The guest is a small Debian without
network. In systemd-nspawn, which takes seconds, its kernel is this machine's; in qemu it is a Debian's own, which needs
no loop devices here, and takes minutes where there is no /dev/kvm.

Environment:
  BAKERY_CACHE       where the guest's tree is kept (default: ~/.cache/sysext-bakery)
  BAKERY_EXTENSIONS  the folder of recipes (default: extensions/)

Examples:
  ./bakery test workerd.raw
  ./bakery test workerd.raw --smoke "workerd --version" --json
  ./bakery test https://extensions.example.org/extensions/workerd/workerd-1.20261102.1-x86-64.raw`,
    );
}

/** A command of a shell, added to those before it. */
function addSmoke(value: string, before: readonly SmokeCommand[]): SmokeCommand[] {
  if (value.trim() === "") throw new InvalidArgumentError("a command");
  return [...before, { run: ["sh", "-c", value] }];
}
