/** Debian trixie's programs that make images, started by their own loader: this machine's C library may be older. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { exists, unpackDebian } from "./debian.ts";

const ROOT = fileURLToPath(new URL("../../.cache/tools-trixie", import.meta.url));
const PACKAGES = ["squashfs-tools", "erofs-utils", "e2fsprogs", "btrfs-progs"];
const PROGRAMS = ["mkfs.erofs", "fsck.erofs", "mkfs.btrfs"];

/** @returns a folder for the front of PATH */
export async function newerTools(): Promise<string> {
  if (!(await exists(ROOT))) await unpackDebian(ROOT, { suite: "trixie", packages: PACKAGES, withDependencies: true });
  const libraries = join(ROOT, "usr/lib/x86_64-linux-gnu");
  const start = `exec ${join(libraries, "ld-linux-x86-64.so.2")} --library-path ${libraries}`;
  const bin = join(ROOT, `bin-${process.pid}`);
  await mkdir(bin, { recursive: true });
  for (const name of PROGRAMS) {
    const places = ["usr/bin", "usr/sbin", "bin", "sbin"].map((folder) => join(ROOT, folder, name));
    const found = await Promise.all(places.map(exists));
    const program = places[found.indexOf(true)];
    if (program === undefined) throw new Error(`trixie's packages have no ${name}`);
    await writeFile(join(bin, name), `#!/bin/sh\n${start} ${program} "$@"\n`, { mode: 0o755 });
  }
  return bin;
}
