/** The real Ignition, from Debian: it applies a configuration to a plain tree as it does to a machine at first boot. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { exists, unpackDebian } from "./debian.ts";
import { type Execution, execute } from "./execute.ts";

const ROOT = fileURLToPath(new URL("../../.cache/ignition", import.meta.url));

export class Ignition {
  static async get(): Promise<Ignition> {
    if (!(await exists(ROOT))) await unpackDebian(ROOT, { suite: "trixie", packages: ["ignition"] });
    return new Ignition();
  }

  async validate(config: object, folder: string): Promise<Execution> {
    const file = join(folder, "validated.ign");
    await writeFile(file, JSON.stringify(config));
    return execute(join(ROOT, "usr/bin/ignition-validate"), [file]);
  }

  /**
   * Fetches the configuration, then what it names, into `tree`.
   * @returns that of the first stage that fails, else of the last
   */
  async apply(config: object, work: string, tree: string): Promise<Execution> {
    for (const folder of ["etc/selinux", "run"]) await mkdir(join(tree, folder), { recursive: true });
    await writeFile(join(tree, "etc/selinux/config"), "SELINUX=disabled\nSELINUXTYPE=targeted\n");
    await writeFile(join(work, "config.ign"), JSON.stringify(config));
    // Debian's Ignition labels what it has written. The tree is no SELinux system, and has nothing to be labelled by.
    await writeFile(join(work, "setfiles"), "#!/bin/sh\ncat > /dev/null\n", { mode: 0o755 });
    const program = join(ROOT, "usr/lib/dracut/modules.d/30ignition/ignition");
    const common = ["-platform=file", "-root", tree, "-config-cache", join(work, "cache.json"), "-log-to-stdout"];
    const surroundings = { cwd: work, env: { PATH: `${work}:${process.env.PATH}` } };
    const fetched = await execute(program, [...common, "-stage", "fetch"], surroundings);
    return fetched.exitCode === 0 ? execute(program, [...common, "-stage", "files"], surroundings) : fetched;
  }
}
