/**
 * An apt of our own beside the machine's: its proxies and certificates, our sources, and nothing of it is changed. It
 * knows what an archive has, verified by the archive's signature, and what of it a set of packages needs.
 *
 * `<cache>/apt/lists/<digest of the sources>/` has the lists, apt's index of them and its configuration.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sha256Of } from "../../system/digest.ts";
import { ToolError, UpstreamError } from "../../system/errors.ts";
import { openKept, removeOld, touch } from "../../system/kept.ts";
import { withLock } from "../../system/lock.ts";
import { isFull, noSpace } from "../../system/no-space.ts";
import { run } from "../../system/run.ts";
import { explainInstall, explainUpdate, hasSpoken, LISTS, versionsOf } from "./apt-errors.ts";
import { archiveUrl, keyringPath } from "./archive.ts";
import {
  DEBIAN_ARCH,
  type DebianPackage,
  type DebianTree,
  packageName,
  suitesFor,
  upstreamPart,
  wantedUpstream,
} from "./spec.ts";

export interface AptOptions {
  /** The folder of the bakery's cache, `BAKERY_CACHE` */
  readonly cache: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** Nothing is asked of the network: what was known last counts. */
  readonly offline?: boolean;
}

/** A first update, over a slow line. Milliseconds. */
const PATIENCE = 15 * 60_000;
/** apt-get(8): an archive's line of `--print-uris`, with Acquire::ForceHash. */
const URI_LINE = /^'(?<url>[^']+)' (?<file>\S+) (?<size>\d+) SHA256:(?<sha256>[0-9a-f]{64})$/;
/** What apt names a package's file: the colon of an epoch is escaped. */
const FILE = /^(?<name>[^_]+)_(?<version>[^_]+)_(?<architecture>[^_]+)\.deb$/;

/**
 * What apt would install into an empty machine, without what is merely recommended.
 * @throws UserError for packages, versions and suites that are not there
 * @throws UpstreamError for an archive that does not answer or is not signed as it should be
 */
export async function planPackages(spec: DebianTree, options: AptOptions): Promise<DebianPackage[]> {
  const { signal, offline = false } = options;
  const apt = await describeApt(spec, options);
  if (!(await touch(apt.folder))) {
    await openKept(apt.folder, LISTS);
    await removeOld(dirname(apt.folder));
  }
  return withLock(
    join(apt.folder, "lock"),
    async () => {
      await writeConfiguration(apt, DEBIAN_ARCH[spec.arch]);
      const ask: Ask = (program, ...args) => askApt(program, ["-c", apt.config, ...args], signal);
      if (!offline) await update(apt, ask);
      const install = (...names: string[]) =>
        ask("apt-get", "install", "--print-uris", "-qq", "-y", ...apt.target, ...names);
      try {
        const essential = spec.state === "installed" ? packagesIn(await install("?essential")) : [];
        const asked = await Promise.all(spec.packages.map((wanted) => withRevision(wanted, ask)));
        const needed = essential.length > 0 ? ["?essential", ...asked] : asked;
        const all = needed.length === 0 ? [] : packagesIn(await install(...needed));
        const basic = new Set(essential.map(({ name }) => name));
        // By its name alone, apt would take it for a pattern that others match.
        const missing = spec.packages.find((wanted) => !all.some(({ name }) => name === packageName(wanted)));
        if (missing !== undefined)
          throw new ToolError("", { details: { output: `E: Unable to locate package ${missing}` } });
        return all
          .map((one) => ({ ...one, essential: basic.has(one.name) }))
          .sort((a, b) => (a.name < b.name ? -1 : 1));
      } catch (error) {
        if (!hasSpoken(error)) throw error;
        throw await explainInstall(error, spec, apt.archive, (...args) => ask("apt-cache", ...args));
      }
    },
    { patience: PATIENCE, signal },
  ).catch((error: unknown) => {
    throw isFull(error) ? noSpace(LISTS, apt.folder, error, "BAKERY_CACHE") : error;
  });
}

interface Apt {
  readonly folder: string;
  readonly archive: string;
  /** Its configuration file */
  readonly config: string;
  /** What its sources.list(5) says */
  readonly sources: string;
  readonly suites: readonly string[];
  /** What makes it prefer one of several suites. */
  readonly target: readonly string[];
}

async function describeApt(spec: DebianTree, { cache, env }: AptOptions): Promise<Apt> {
  const { suite, arch, components = ["main"] } = spec;
  const archive = await archiveUrl(spec.archive, env);
  const keyring = await keyringPath(spec.keyring, env);
  const suites = suitesFor(suite);
  // Packages alone: machines have apt fetch more than that, for catalogues of programs.
  const options = `arch=${DEBIAN_ARCH[arch]} target=Packages signed-by=${keyring}`;
  const sources = suites.map((one) => `deb [${options}] ${archive} ${one} ${components.join(" ")}\n`).join("");
  const folder = join(cache, "apt/lists", sha256Of(sources).slice(0, 16));
  const config = join(folder, "apt.conf");
  return { folder, archive, config, sources, suites, target: suites.length > 1 ? ["-t", suite] : [] };
}

async function writeConfiguration({ folder, config, sources }: Apt, architecture: string): Promise<void> {
  await mkdir(join(folder, "lists/partial"), { recursive: true });
  await writeFile(join(folder, "status"), "");
  await writeFile(join(folder, "sources.list"), sources);
  await writeFile(config, configuration(folder, architecture));
}

/** apt.conf(5). What a machine's own settings allow must not be allowed here, and none of its own files counts. */
function configuration(folder: string, architecture: string): string {
  const settings = {
    "APT::Architecture": architecture,
    "APT::Architectures": architecture,
    "APT::Install-Recommends": "false",
    "APT::Get::AllowUnauthenticated": "false",
    "APT::Update::Error-Mode": "any",
    // The sandbox user of apt may not be let into this folder.
    "APT::Sandbox::User": "root",
    "Acquire::AllowInsecureRepositories": "false",
    "Acquire::AllowWeakRepositories": "false",
    "Acquire::AllowDowngradeToInsecureRepositories": "false",
    // An archive of a former day has expired, and what a mirror has of an unreleased suite may be older than it says.
    "Acquire::Check-Valid-Until": "false",
    "Acquire::ForceHash": "SHA256",
    "Acquire::GzipIndexes": "false",
    "Acquire::Languages": "none",
    "Acquire::Retries": "2",
    "Dir::Cache": folder,
    "Dir::Cache::archives": join(folder, "archives"),
    "Dir::Cache::pkgcache": "packages.bin",
    "Dir::Cache::srcpkgcache": "sources.bin",
    "Dir::Etc::preferences": "/dev/null",
    "Dir::Etc::preferencesparts": "/dev/null",
    "Dir::Etc::sourcelist": join(folder, "sources.list"),
    "Dir::Etc::sourceparts": "/dev/null",
    "Dir::State": folder,
    "Dir::State::lists": join(folder, "lists"),
    "Dir::State::status": join(folder, "status"),
  };
  const cleared = ["APT::Architectures", "APT::Default-Release", "APT::Update"];
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";`);
  return `${[...cleared.map((name) => `#clear ${name};`), ...lines].join("\n")}\n`;
}

type Ask = (program: string, ...args: string[]) => Promise<string>;

/** @throws ToolError with all that it has said: what matters may come first. */
async function askApt(program: string, args: readonly string[], signal: AbortSignal | undefined): Promise<string> {
  const said: Buffer[] = [];
  try {
    return await run(program, args, { signal, package: "apt", onOutput: (piece) => said.push(piece) });
  } catch (error) {
    if (!(error instanceof ToolError) || said.length === 0) throw error;
    throw new ToolError(error.message, { details: { output: Buffer.concat(said).toString() }, cause: error });
  }
}

/** `name=1.2.13-*` as the newest such version that the archive has; where it has none, as it stands, for apt to say so. */
async function withRevision(wanted: string, ask: Ask): Promise<string> {
  const upstream = wantedUpstream(wanted);
  if (upstream === undefined) return wanted;
  const name = packageName(wanted);
  const known = await versionsOf(name, (...args) => ask("apt-cache", ...args));
  const found = known.find((version) => upstreamPart(version) === upstream);
  return found === undefined ? wanted : `${name}=${found}`;
}

async function update(apt: Apt, ask: Ask): Promise<void> {
  try {
    await ask("apt-get", "update", "-qq");
  } catch (error) {
    throw hasSpoken(error) ? explainUpdate(error, apt) : error;
  }
}

function packagesIn(printed: string): Omit<DebianPackage, "essential">[] {
  return printed.split("\n").flatMap((line) => {
    if (!line.startsWith("'")) return [];
    const { url = "", file = "", size, sha256 = "" } = URI_LINE.exec(line)?.groups ?? {};
    const { name = "", version = "", architecture = "" } = FILE.exec(file)?.groups ?? {};
    if (name === "") throw new UpstreamError("apt says of a package what we do not understand", { details: { line } });
    return [{ name, version: decodeURIComponent(version), architecture, url, sha256, size: Number(size) }];
  });
}
