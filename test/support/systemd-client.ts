/**
 * A real systemd 254 from Debian's archive, unpacked into the cache: no root, no chroot. Debian 12's own systemd 252
 * has no systemd-sysupdate.
 */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../builder/system/run.ts";
import { type Execution, execute } from "./execute.ts";

const CACHE = fileURLToPath(new URL("../../.cache", import.meta.url));
const SUITE = "bookworm-backports";
const PACKAGES = ["systemd", "systemd-container", "libsystemd-shared", "libsystemd0"];
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** Where a machine that is not Debian gets Debian's packages. */
const DEBIAN = "http://deb.debian.org/debian";

export interface SystemdClient {
  sysupdate(...args: string[]): Promise<Execution>;
  readonly sysext: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Gets the client, from the cache where it is there. */
export async function systemdClient(): Promise<SystemdClient> {
  const root = join(CACHE, `systemd-${SUITE}`);
  if (!(await exists(root))) await fetchClient(root);

  const libraries = ["usr/lib/x86_64-linux-gnu/systemd", "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];
  const env = {
    LD_LIBRARY_PATH: libraries.map((path) => join(root, path)).join(":"),
    SYSTEMD_PULL_PATH: await firstThat(root, "lib/systemd/systemd-pull", "usr/lib/systemd/systemd-pull"),
  };
  const sysupdate = await firstThat(root, "lib/systemd/systemd-sysupdate", "usr/lib/systemd/systemd-sysupdate");
  const sysext = await firstThat(root, "bin/systemd-sysext", "usr/bin/systemd-sysext");
  return {
    env,
    sysext,
    sysupdate: (...args) => execute(sysupdate, args, { env }),
  };
}

async function fetchClient(root: string): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const work = await mkdtemp(join(CACHE, "systemd-"));
  try {
    const options = await privateApt(join(work, "apt"));
    await run("apt-get", [...options, "update", "-qq"]);
    await run("apt-get", [...options, "download", "-qq", ...PACKAGES], { cwd: work });
    const unpacked = join(work, "root");
    for (const name of await readdir(work)) {
      if (name.endsWith(".deb")) await run("dpkg-deb", ["-x", join(work, name), unpacked]);
    }
    // Another run may have been faster; its copy is as good.
    await rename(unpacked, root).catch(async (error) => {
      if (!(await exists(root))) throw error;
    });
  } finally {
    await rm(work, { recursive: true });
  }
}

/** An apt of our own beside the machine's: its proxies and certificates, our suite, and nothing of it is changed. */
async function privateApt(folder: string): Promise<string[]> {
  for (const part of ["lists/partial", "cache/archives/partial", "parts"]) {
    await mkdir(join(folder, part), { recursive: true });
  }
  const source = join(folder, "sources.list");
  await writeFile(source, `deb [signed-by=${KEYRING}] ${await debianMirror()} ${SUITE} main\n`);
  await writeFile(join(folder, "status"), "");
  const settings = {
    "Dir::Etc::sourcelist": source,
    "Dir::Etc::sourceparts": join(folder, "parts"),
    "Dir::State": folder,
    "Dir::State::lists": join(folder, "lists"),
    "Dir::State::status": join(folder, "status"),
    "Dir::Cache": join(folder, "cache"),
    "APT::Architecture": "amd64",
    // The sandbox user of apt may not be let into this folder.
    "APT::Sandbox::User": "root",
  };
  return Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
}

/** The archive that this machine's own apt asks, in whichever of the two formats it is written down. */
async function debianMirror(): Promise<string> {
  const folder = "/etc/apt/sources.list.d";
  const names = await readdir(folder).catch(() => []);
  const files = ["/etc/apt/sources.list", ...names.map((name) => join(folder, name))];
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => "")));
  const lines = texts.join("\n").split("\n");
  const urls = lines.flatMap((line) => {
    const url = /^(?:URIs:|deb(?:\s+\[[^\]]*\])?)\s+(?<url>https?:\/\/\S+?)\/?(?:\s|$)/.exec(line)?.groups?.url;
    return url === undefined ? [] : [url];
  });
  return urls.find((url) => url.endsWith("/debian")) ?? DEBIAN;
}

async function firstThat(root: string, ...paths: string[]): Promise<string> {
  for (const path of paths) if (await exists(join(root, path))) return join(root, path);
  throw new Error(`systemd's packages have none of ${paths.join(", ")}`);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
