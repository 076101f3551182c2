/** What a test needs of the machine. In CI a lack is a failure; on a laptop the tests are skipped, and say so. */
import { arch, platform } from "node:os";
import { describe } from "vitest";
import { resolveDebian } from "../../builder/rootfs/debian/debian.ts";
import { findIsolation } from "../../builder/rootfs/find-isolation.ts";

/** @param lack why it cannot run here; undefined where it can */
export function describeWhere(lack: string | undefined, name: string, tests: () => void): void {
  if (lack !== undefined && !process.env.CI) {
    // Not by console: vitest keeps what that says of tests that do not fail.
    process.stderr.write(`\nSKIPPED: ${name}: ${lack}\n\n`);
    describe.skip(name, tests);
    return;
  }
  describe(name, tests);
}

/** Why no systemd of Debian's runs here. */
export function lackForClients(): string | undefined {
  if (platform() !== "linux" || arch() !== "x64") return "needs Linux on x86-64";
  return undefined;
}

/** Why no image can be merged here. */
export function lackForMerging(): string | undefined {
  return lackForClients() ?? (process.getuid?.() === 0 ? undefined : "needs root, to mount images");
}

/** Why no program can be run in a tree of its own here. */
export async function lackForEntering(): Promise<string | undefined> {
  return findIsolation().then(
    () => undefined,
    (error: Error) => error.message,
  );
}

/** Why no tree of Debian's own packages can be made here. */
export async function lackForDebian(): Promise<string | undefined> {
  const cache = process.env.BAKERY_CACHE ?? "";
  const spec = { suite: "bookworm", arch: "x86-64", packages: ["btop"], state: "unpacked" } as const;
  const reason = await resolveDebian(spec, { cache, env: {} }).then(
    () => undefined,
    (error: Error) => error.message,
  );
  return reason ?? lackForEntering();
}
