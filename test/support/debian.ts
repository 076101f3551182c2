/** Packages of any of Debian's suites, unpacked into a folder: nothing of the machine's own apt is changed. */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "../../builder/system/run.ts";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** Where a machine that is not Debian gets Debian's packages. */
const DEBIAN = "http://deb.debian.org/debian";

export interface DebianPackages {
  readonly suite: string;
  readonly packages: readonly string[];
  /** Whether all comes along that they need, down to the C library. */
  readonly withDependencies?: boolean;
  /** As Debian calls it; default: `amd64`. */
  readonly architecture?: "amd64" | "arm64";
}

/** Unpacks packages at `root`, which is there when they are all there. */
export async function unpackDebian(
  root: string,
  { suite, packages, withDependencies, architecture = "amd64" }: DebianPackages,
): Promise<void> {
  await mkdir(dirname(root), { recursive: true });
  const work = await mkdtemp(join(dirname(root), "debian-"));
  try {
    const apt = join(work, "apt");
    const options = await privateApt(apt, suite, architecture);
    await run("apt-get", [...options, "update", "-qq"]);
    const archives = withDependencies ? join(apt, "cache/archives") : work;
    const verb = withDependencies
      ? ["install", "-y", "-qq", "--no-install-recommends", "--download-only"]
      : ["download", "-qq"];
    await run("apt-get", [...options, ...verb, ...packages], { cwd: work });
    const unpacked = join(work, "root");
    for (const name of await readdir(archives)) {
      if (name.endsWith(".deb")) await run("dpkg-deb", ["-x", join(archives, name), unpacked]);
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
export async function privateApt(folder: string, suite: string, architecture = "amd64"): Promise<string[]> {
  for (const part of ["lists/partial", "cache/archives/partial", "parts"]) {
    await mkdir(join(folder, part), { recursive: true });
  }
  const source = join(folder, "sources.list");
  await writeFile(source, `deb [signed-by=${KEYRING}] ${debianArchive(await aptSources()) ?? DEBIAN} ${suite} main\n`);
  await writeFile(join(folder, "status"), "");
  const settings = {
    "Dir::Etc::sourcelist": source,
    "Dir::Etc::sourceparts": join(folder, "parts"),
    "Dir::State": folder,
    "Dir::State::lists": join(folder, "lists"),
    "Dir::State::status": join(folder, "status"),
    "Dir::Cache": join(folder, "cache"),
    "APT::Architecture": architecture,
    "Acquire::Languages": "none",
    // What a mirror has of an unreleased suite may be older than it says.
    "Acquire::Check-Valid-Until": "false",
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

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
