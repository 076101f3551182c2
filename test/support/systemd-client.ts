/**
 * A real systemd 254 from Debian's archive, unpacked into the cache: no root, no chroot. Debian 12's own systemd 252
 * has no systemd-sysupdate.
 */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rootMessage, ToolError } from "../../builder/system/errors.ts";
import { run } from "../../builder/system/run.ts";
import { type Execution, execute } from "./execute.ts";
import { lackForClients } from "./requirements.ts";

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

/** Why the client cannot be had here: no such machine, no apt, no network; undefined where it can. */
export async function clientUnavailable(): Promise<string | undefined> {
  return lackForClients() ?? systemdClient().then(() => undefined, reasonOf);
}

/** A program's failure with its own words: "exit code 100" alone helps nobody who wonders why tests are skipped. */
export function reasonOf(error: unknown): string {
  const output = error instanceof ToolError ? error.details.output : undefined;
  return output === undefined ? rootMessage(error) : `${rootMessage(error)}: ${output}`;
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
  await writeFile(source, `deb [signed-by=${KEYRING}] ${debianArchive(await aptSources()) ?? DEBIAN} ${SUITE} main\n`);
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

/** What apt itself reads, in whichever of its two formats: files of other names are switched off. */
async function aptSources(): Promise<string> {
  const folder = "/etc/apt/sources.list.d";
  const names = await readdir(folder).catch(() => []);
  const lists = names.filter((name) => /\.(?:list|sources)$/.test(name)).sort();
  const files = ["/etc/apt/sources.list", ...lists.map((name) => join(folder, name))];
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => "")));
  return texts.join("\n\n");
}

const ONE_LINE = /^deb\s+(?:\[[^\]]*\]\s*)?(?<urls>\S+)\s+(?<suites>\S+)/;

/**
 * Debian's archive among the sources of a machine. Others end in `/debian` too, as Docker's and Tailscale's do: only
 * Debian's own has `/debian` as its whole path, or, on a mirror of any path, the suite with a release's updates.
 */
export function debianArchive(sources: string): string | undefined {
  const paragraphs = sources.split(/\n\s*\n/).filter((text) => !/^Enabled:\s*no\b/im.test(text));
  const entries = paragraphs.flatMap((text) => {
    const field = (name: string) => new RegExp(`^${name}:(.*)$`, "im").exec(text)?.[1] ?? "";
    const lines = text.split("\n").map((line) => ONE_LINE.exec(line)?.groups);
    return [{ urls: field("URIs"), suites: field("Suites") }, ...lines].flatMap((source) => {
      const urls = source?.urls?.match(/https?:\/\/\S+/g) ?? [];
      return urls.map((url) => ({ url: url.replace(/\/+$/, ""), suites: source?.suites ?? "" }));
    });
  });
  const candidates = entries.filter(({ url }) => url.endsWith("/debian"));
  const own = candidates.find(({ url, suites }) => new URL(url).pathname === "/debian" || /-updates\b/.test(suites));
  return own?.url;
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
