/** `npm start`: bakes a real extension, publishes it into a bakery on this machine, and serves it. */
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Kitchen } from "../builder/bake/bake.ts";
import { bakeRelease } from "../builder/bake/bake-release.ts";
import { kitchenFrom } from "../builder/bake/kitchen.ts";
import { releasedVersion } from "../builder/bake/revision.ts";
import { Catalog } from "../builder/catalog.ts";
import { Refusal } from "../builder/publish/bakery-api.ts";
import { type LocalRelease, openRelease } from "../builder/publish/publisher.ts";
import { describe } from "../builder/release/describe.ts";
import { sourceCommit } from "../builder/system/commit.ts";
import { UsageError } from "../builder/system/errors.ts";
import { progressOn } from "../builder/system/progress.ts";
import { latestVersions } from "../builder/versions/latest.ts";
import { releaseName } from "../schema/index.ts";
import { checkPort, type LocalBakery, STATE_FOLDER, startLocalBakery } from "./local-bakery.ts";
import { localPublisher } from "./publish-locally.ts";
import { reportError } from "./report-error.ts";
import { BAKE_PACKAGES, ensureSystemPackages } from "./system-packages.ts";

const EXTENSION = "workerd";
const CACHE = fileURLToPath(new URL("../.cache", import.meta.url));

const DEFAULT_PORT = 8787;

const say = (line: string) => console.error(line);

interface Options {
  readonly port: number;
  /** Where everything is kept: what was baked, R2 and KV. */
  readonly data: string;
}

async function start({ port, data }: Options, signal: AbortSignal): Promise<void> {
  await checkPort(port);
  await ensureSystemPackages(BAKE_PACKAGES, { report: say });

  const url = `http://127.0.0.1:${port}`;
  const kitchen = kitchenFrom(process.env, { progress: progressOn(process.stderr), signal });
  const extension = await new Catalog().load(EXTENSION);
  const [newest] = await latestVersions(extension.recipe, kitchen.upstreams);
  if (newest === undefined) throw new UsageError(`upstream lists no version of ${EXTENSION}`);
  const version = releasedVersion(extension, newest);

  say(`• Baking ${EXTENSION} ${version} for both architectures`);
  const release = releaseName({ extension: EXTENSION, version });
  const folder = join(data, "releases", String(port), release);
  const circumstances = { builtAt: new Date(), commit: await sourceCommit(extension.folder) };
  // Quick: how small an image is, is nothing to whoever tries it out.
  const request = { version, hosting: { bakeryUrl: url }, circumstances, compression: "zstd:1" };
  const manifest = await bakeRelease(extension, request, folder, kitchen);
  await describe(folder, manifest, extension, { ...kitchen, cwd: process.cwd() });

  say("• Starting the bakery");
  signal.throwIfAborted();
  const vars = { INDEX_TTL_SECONDS: "0" };
  // Of its own accord it shares R2 and KV with `wrangler dev`. Transfer files name the port, so each has its own.
  const isDefault = data === CACHE && port === DEFAULT_PORT;
  const state = isDefault ? STATE_FOLDER : join(data, "state", String(port));
  const bakery = await startLocalBakery({ port, state, vars, log: say });
  // Miniflare, too, ends the process at a signal, before anything is cleaned up or said.
  takeSignals();
  try {
    await publish(await openRelease(folder), bakery, kitchen);
    console.log(whatToTry(bakery, version, folder));
    await ended(signal);
  } finally {
    await bakery.stop();
  }
  say("• The bakery has stopped");
}

/** A published release never changes; here, where a recipe is tried out, the extension begins anew instead. */
async function publish(release: LocalRelease, bakery: LocalBakery, world: Pick<Kitchen, "progress" | "signal">) {
  const publisher = localPublisher(bakery, world);
  try {
    await publisher.publish(release);
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "conflict") throw error;
    say(`• Beginning ${EXTENSION} anew: ${error.message}`);
    await bakery.forget(EXTENSION);
    await publisher.publish(release);
  }
}

function whatToTry({ url, token }: LocalBakery, version: string, folder: string): string {
  const image = `${url}/extensions/${EXTENSION}/${EXTENSION}-${version}-x86-64.raw`;
  return `
The bakery is at ${url}/ and Ctrl-C ends it. What people see of the extension:

  ${url}/catalogue/${EXTENSION}

What machines see; in another terminal:

  curl ${url}/extensions/${EXTENSION}/SHA256SUMS    # what there is
  curl ${url}/extensions/${EXTENSION}.conf          # how machines follow it
  curl -O ${image}

What a machine is told to have it and to follow this bakery, in the form that --format names:

  ./bakery config ${EXTENSION} --url ${url} --format ignition

Publishing again does nothing, and another release is published the same way:

  BAKERY_TOKEN=${token} ./bakery publish ${relative(process.cwd(), folder)} --to ${url}

On a machine with systemd-sysupdate, as root; the first run installs, later ones update:

  mkdir -p /etc/sysupdate.${EXTENSION}.d /etc/extensions /opt/extensions/${EXTENSION}
  curl -o /etc/sysupdate.${EXTENSION}.d/${EXTENSION}.conf ${url}/extensions/${EXTENSION}.conf
  /usr/lib/systemd/systemd-sysupdate -C ${EXTENSION} update
  systemd-sysext refresh && ${EXTENSION} --version
`;
}

function ended(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^[0-9]+$/.test(text) || port < 1 || port > 65_535) throw new UsageError(`--port ${text} is no port`);
  return port;
}

/** From here on these signals end the bakery in good order, and do nothing else. */
function takeSignals(): void {
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.removeAllListeners(name);
    process.on(name, () => interrupted.abort());
  }
}

const interrupted = new AbortController();
takeSignals();
try {
  const port = { type: "string", default: String(DEFAULT_PORT) } as const;
  const { values } = parseArgs({ options: { port, data: { type: "string", default: CACHE } } });
  await start({ port: parsePort(values.port), data: resolve(values.data) }, interrupted.signal);
} catch (error) {
  if (interrupted.signal.aborted) process.exit(130);
  reportError(error);
}
