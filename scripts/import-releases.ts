/** `npm run import -- …`: brings the releases of a bakery on GitHub to another bakery, or into a folder. */
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { cacheFolderFrom } from "../builder/bake/fetch/cache.ts";
import { kitchenFrom } from "../builder/bake/kitchen.ts";
import { main as bakery, type Terminal } from "../builder/cli.ts";
import { parseBakeryUrl } from "../builder/commands/options.ts";
import { describeError } from "../builder/describe-error.ts";
import { openRelease, type Publisher } from "../builder/publish/publisher.ts";
import { isUrl, publisherFor } from "../builder/publish/target.ts";
import { BakeryError, errorCode, rootMessage, UsageError } from "../builder/system/errors.ts";
import { formatTable } from "../builder/system/format.ts";
import { inParallel } from "../builder/system/in-parallel.ts";
import { progressOn } from "../builder/system/progress.ts";
import { githubServerUrl } from "../builder/versions/github-addresses.ts";
import {
  InvalidInput,
  isExtensionName,
  isVersion,
  parseReleaseName,
  type Release,
  releaseName,
} from "../schema/index.ts";
import { describeImported } from "./import/describe-imported.ts";
import { extensionsOf, type FoundRelease, type GitHubBakery, releasesOf } from "./import/github-bakery.ts";
import { type Importing, importRelease } from "./import/import-release.ts";
import { missingIn } from "./import/target.ts";

const USAGE = `usage: npm run import -- --to <url or folder> [options]

  --from <owner/repository>     whose releases (default: flatcar/sysext-bakery)
  --to <url or folder>          where they go
  --only <ext[:version]>        only of this extension, or this release; may be repeated
  --url <url>                   transfer files name this bakery (default: they stay as they are, and name the old one)
  --dry-run                     says what would be imported
  --work <folder>               where it is until it is published (default: in BAKERY_CACHE)

Each image is held against two indexes, its release's and its extension's. What is published already is skipped, and
what a run before has brought is not fetched again. Where there is a recipe of that name here, the bakery is told what
the extension is, as by ./bakery describe. At the end ./bakery doctor looks at all of it.

BAKERY_TOKEN, BAKERY_SIGNING_KEY and BAKERY_KEYRING are as for ./bakery publish.
`;
const OPTIONS = {
  from: { type: "string", default: "flatcar/sysext-bakery" },
  to: { type: "string" },
  only: { type: "string", multiple: true, default: [] as string[] },
  url: { type: "string" },
  work: { type: "string" },
  "dry-run": { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;
const REPOSITORY = /^[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+$/;
/** Releases at once. */
const PARALLEL = 3;

interface Failure {
  readonly name: string;
  readonly error: Error;
  /** Default: imported */
  readonly what?: string;
}

/** @returns the exit code, as `./bakery` has them */
export async function importReleases(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await run(args, terminal);
  } catch (error) {
    if (terminal.signal?.aborted) return 130;
    terminal.stderr.write(describeError(error));
    return error instanceof BakeryError ? error.exitCode : 1;
  }
}

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const { env, cwd, signal, stdout } = terminal;
  const options = parse(args);
  if (options.help) {
    stdout.write(USAGE);
    return 0;
  }
  const { from, to } = options;
  if (to === undefined || !REPOSITORY.test(from))
    throw new UsageError("--to <url or folder> is missing, or --from is no owner/repository", { hint: "--help" });
  const progress = progressOn(terminal.stderr);
  const { upstreams } = kitchenFrom(env, { progress, signal });
  const server = githubServerUrl(env);
  const source: GitHubBakery = { repository: from, server, http: upstreams.http };

  const found = await findReleases(source, options.only.map(parseOnly));
  const missing = await missingIn(to, found.releases, { upstreams, cwd, env });
  if (options["dry-run"]) {
    stdout.write(missing.map((release) => `${releaseName(release)}\n`).join("") || "nothing to import\n");
    return report(found.failed, terminal);
  }

  const work = options.work ?? join(cacheFolderFrom(env), "import", from.replace("/", "-"));
  const world = { bakery: source, work: resolve(cwd, work), url: options.url, now: () => new Date(), progress, signal };
  // A run that was killed may have published what is here still.
  const there = found.releases.filter((release) => !missing.includes(release)).map(releaseName);
  for (const name of there) await rm(join(world.work, name), { recursive: true, force: true });
  const publisher = await publisherFor(to, { env, cwd, progress, signal }, { proves: false });
  const outcome = await importAll(missing, world, publisher);
  const rows = outcome.done.map((name) => [name, "imported"]);
  stdout.write(rows.length === 0 ? "nothing was imported\n" : formatTable([["RELEASE", "RESULT"], ...rows]));
  // Until then indexes and inventories are meant to differ.
  await sleep(Math.max(0, outcome.effectiveAt - Date.now()), undefined, signal && { signal });
  const names = [...new Set(found.releases.map(({ extension }) => extension))];
  const news = new Set(outcome.done.flatMap((name) => parseReleaseName(name)?.extension ?? []));
  const described = await describeImported(to, names, news, { env, cwd, progress, signal, upstreams });
  const untold = described.flatMap(({ extension, error }) =>
    error ? [{ name: extension, error, what: "described" }] : [],
  );
  const code = report([...found.failed, ...outcome.failed, ...untold], terminal);
  const doctor = await bakery(["doctor", to, ...(isUrl(to) ? ["--quick"] : [])], terminal);
  return code || doctor;
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS });
    return { ...values, url: values.url === undefined ? undefined : parseBakeryUrl(values.url) };
  } catch (cause) {
    if (cause instanceof BakeryError) throw cause;
    throw new UsageError(rootMessage(cause), { hint: "--help", cause });
  }
}

function parseOnly(text: string): Partial<Release> & Pick<Release, "extension"> {
  const [extension = "", version, ...others] = text.split(":");
  const isRelease = isExtensionName(extension) && (version === undefined || isVersion(version)) && others.length === 0;
  if (!isRelease) throw new UsageError(`no extension or release: ${text}`, { hint: "--only kubernetes:v1.34.1" });
  return version === undefined ? { extension } : { extension, version };
}

/** What cannot be listed does not hide the others. */
async function findReleases(source: GitHubBakery, only: readonly ReturnType<typeof parseOnly>[]) {
  const names = only.length > 0 ? [...new Set(only.map(({ extension }) => extension))] : await extensionsOf(source);
  const releases: FoundRelease[] = [];
  const failed: Failure[] = [];
  await inParallel(names, PARALLEL, async (name) => {
    const wanted = only.filter(({ extension }) => extension === name);
    try {
      const all = await releasesOf(source, name);
      releases.push(...all.filter(({ version }) => isWanted(version, wanted)));
      for (const { version } of wanted) {
        if (version === undefined || all.some((one) => one.version === version)) continue;
        throw new UsageError(`${source.repository} has no ${releaseName({ extension: name, version })}`);
      }
    } catch (error) {
      failed.push({ name, error: expected(error) });
    }
  });
  return { releases: releases.sort((a, b) => (releaseName(a) < releaseName(b) ? -1 : 1)), failed };
}

function isWanted(version: string, wanted: readonly Partial<Release>[]): boolean {
  return wanted.length === 0 || wanted.some((one) => one.version === undefined || one.version === version);
}

async function importAll(releases: readonly FoundRelease[], world: Importing, publisher: Publisher) {
  const done: string[] = [];
  const failed: Failure[] = [];
  let effectiveAt = 0;
  // One after the other: they write to the same indexes.
  let publishing: Promise<unknown> = Promise.resolve();
  await inParallel(releases, PARALLEL, async (release) => {
    const name = releaseName(release);
    try {
      const folder = await importRelease(release, world);
      const publish = async () => publisher.publish(await openRelease(folder));
      const mine = publishing.then(publish, publish);
      publishing = mine.catch(() => {});
      effectiveAt = Math.max(effectiveAt, (await mine).effectiveAt?.getTime() ?? 0);
      await rm(folder, { recursive: true });
      done.push(name);
    } catch (error) {
      world.signal?.throwIfAborted();
      failed.push({ name, error: expected(error) });
    }
  });
  return { done: done.sort(), failed, effectiveAt };
}

/** What is our own fault is not taken for a release's. */
function expected(error: unknown): Error {
  const isExpected = error instanceof BakeryError || error instanceof InvalidInput || errorCode(error) !== undefined;
  if (!isExpected || !(error instanceof Error)) throw error;
  return error;
}

function report(failed: readonly Failure[], { stderr }: Terminal): number {
  for (const { name, error, what = "imported" } of failed) {
    stderr.write(`${name} was not ${what}\n${describeError(error)}`);
  }
  return failed.length === 0 ? 0 : 1;
}

if (import.meta.main) {
  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(name, () => interrupted.abort(new Error(`ended by ${name}`)));
  }
  const { stdout, stderr, env } = process;
  const terminal = { stdout, stderr, env, cwd: process.cwd(), signal: interrupted.signal };
  process.exitCode = await importReleases(process.argv.slice(2), terminal);
}
