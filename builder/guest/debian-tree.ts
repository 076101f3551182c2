/** Makes a tree of Debian packages with mmdebstrap, from the archive that this machine's own apt uses. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { toolPath } from "../bake/pack/tool.ts";
import { run } from "../system/run.ts";

export interface DebianTree {
  readonly suite: string;
  readonly packages: readonly string[];
}

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const DEBIAN = "http://deb.debian.org/debian";
const EXCLUDED = ["doc", "info", "locale", "man"];

/** @param folder where the tree is to be; it is not there yet */
export async function makeDebianTree(tree: DebianTree, folder: string, signal?: AbortSignal): Promise<void> {
  const source = await debianSource(tree.suite);
  const args = [
    "--quiet",
    "--mode=root",
    "--variant=apt",
    `--include=${tree.packages.join(",")}`,
    '--aptopt=APT::Install-Recommends "false"',
    ...EXCLUDED.map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
    tree.suite,
    folder,
    source,
  ];
  // In mounts and processes of its own: what it mounts in the tree is gone when it is.
  const inNamespaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
  await run("unshare", [...inNamespaces, "mmdebstrap", ...args], {
    env: { PATH: toolPath() },
    signal,
    package: "mmdebstrap",
  });
}

/** Where a suite is had from, as apt reads it: sources.list(5) */
export async function debianSource(suite: string): Promise<string> {
  return `deb [signed-by=${KEYRING}] ${(await archive()) ?? DEBIAN} ${suite} main`;
}

async function archive(): Promise<string | undefined> {
  const folder = "/etc/apt/sources.list.d";
  const names = await readdir(folder).catch(() => []);
  const files = ["/etc/apt/sources.list", ...names.map((name) => join(folder, name))];
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => "")));
  return /https?:\/\/[^\s/]+\/debian(?=\/?\s)/.exec(texts.join("\n"))?.[0];
}
