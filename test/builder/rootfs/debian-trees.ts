/** Trees of a tiny archive, for the tests of Debian's trees. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { type DebianTree, makeDebianTree } from "../../../builder/rootfs/debian/debian.ts";
import { SUITE, TinyArchive } from "./tiny-archive.ts";

export const PROGRAM = fileURLToPath(new URL("debian-program.ts", import.meta.url));
/** All that dpkg and our scripts need to run; Debian's essential packages have it, and a thousand more. */
const ESSENTIAL = [
  ...["sh", "dpkg", "dpkg-deb", "dpkg-query", "dpkg-split", "tar", "rm", "cat", "touch", "ls", "id"],
  ...["ldconfig", "start-stop-daemon", "diff", "mkdir", "sleep", "cp", "ln"],
];
const trace = (what: string) => `#!/bin/sh\nset -e\necho "${what}" >> /var/trace\n`;

const PACKAGES = [
  {
    name: "base-files",
    fields: ["Essential: yes"],
    files: { "var/lib/dpkg/info/.keep": "", "var/log/.keep": "", "tmp/.keep": "" },
  },
  {
    name: "core",
    fields: ["Essential: yes"],
    programs: ESSENTIAL,
    scripts: { postinst: trace("core $1, policy $(/usr/sbin/policy-rc.d || echo $?)") },
  },
  {
    name: "tool",
    fields: ["Depends: library (>= 1.0)", "Recommends: extra"],
    files: { "bin/tool": { text: "#!/bin/sh\necho tool 1.0\n", mode: 0o755 }, "usr/share/man/tool.1": "read me\n" },
    scripts: { preinst: trace("tool preinst"), postinst: trace("tool $1; secret=$SECRET") },
  },
  { name: "tool", version: "0.9-1", files: { "bin/tool": "older\n" } },
  { name: "library", version: "1:1.0-2", files: { "lib/library": "library\n", "usr/share/shared": "library's\n" } },
  { name: "extra", fields: ["Provides: bonus"] },
  { name: "early", scripts: { postinst: trace("early $1") } },
  { name: "eager", fields: ["Pre-Depends: early"], scripts: { preinst: trace("eager preinst") } },
  {
    name: "taker",
    fields: ["Depends: library", "Replaces: library"],
    files: { "usr/share/shared": "taker's\n", "usr/share/taker": "x".repeat(1 << 17) },
  },
  { name: "failing", scripts: { postinst: "#!/bin/sh\necho out of luck >&2\nexit 9\n" } },
  { name: "sleepy", scripts: { postinst: "#!/bin/sh\nsleep 86411 & sleep 86411\n" } },
  { name: "unmet", fields: ["Depends: library (>= 7:0)"] },
  { name: "foreign", architecture: "arm64", files: { "usr/bin/foreign": "foreign\n" } },
  { name: "large", files: { "usr/share/large": "0123456789abcdef".repeat(1 << 18) } },
];

export let archive: TinyArchive;
export let work: string;
export let cache: string;
export let options: { cache: string; env: NodeJS.ProcessEnv };

/** Gives a test file an archive, and each of its tests new folders. */
export function withArchive(): void {
  beforeAll(async () => {
    archive = await TinyArchive.open(PACKAGES);
  });
  afterAll(() => archive[Symbol.asyncDispose]());
  beforeEach(async () => {
    work = await mkdtemp(join(tmpdir(), "debian-"));
    cache = await mkdtemp(join(tmpdir(), "debian-cache-"));
    options = { cache, env: {} };
    archive.asked.length = 0;
  });
  afterEach(async () => {
    archive.instead.clear();
    for (const folder of [work, cache]) await rm(folder, { recursive: true });
  });
}

export function tree(more: Partial<DebianTree> = {}): DebianTree {
  const { url, keyring } = archive;
  return { suite: SUITE, arch: "x86-64", packages: ["tool"], state: "unpacked", archive: url, keyring, ...more };
}

export const make = (more: Partial<DebianTree> = {}, name = "tree") =>
  makeDebianTree(tree(more), join(work, name), options);

/** Makes a tree in a process of its own. */
export function program(spec: DebianTree) {
  const request = JSON.stringify({ spec, folder: join(work, "tree"), cache });
  return spawn(process.execPath, [PROGRAM, request], { stdio: ["ignore", "pipe", "inherit"] });
}

export async function interrupt(child: ReturnType<typeof program>) {
  const printed = child.stdout.toArray();
  child.kill("SIGINT");
  return JSON.parse(Buffer.concat(await printed).toString());
}
