/** The worker on this machine: the bundle that would be deployed, in workerd, with R2 and KV of miniflare. */
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { sha256Of } from "../builder/system/digest.ts";
import { errorCode, ToolError } from "../builder/system/errors.ts";
import { run } from "../builder/system/run.ts";
import { parseReleaseName } from "../schema/index.ts";
import { COPY_PREFIX } from "../worker/indexes/index-copy.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CONFIG = join(ROOT, "wrangler.toml");
/** Where `wrangler dev` keeps its R2 and KV too. */
export const STATE_FOLDER = join(ROOT, ".wrangler/state/v3");

export interface LocalBakeryOptions {
  /** 0: any that is free */
  readonly port: number;
  /** A folder that R2 and KV are kept in; none: they live as long as the bakery. */
  readonly state?: string;
  /** Added to the variables of wrangler.toml; an empty one is unset. */
  readonly vars?: Readonly<Record<string, string>>;
  /** The worker's bundle, of whoever has it already. */
  readonly script?: string;
  /** Gets what the worker logs, line by line. */
  readonly log?: (line: string) => void;
}

export interface LocalBakery {
  /** Without a slash at the end. */
  readonly url: string;
  readonly bucket: LocalBucket;
  readonly kv: LocalKv;
  /** Of whoever may publish to it; new at each start */
  readonly token: string;
  /** Takes away all that is published of an extension; none: of all. */
  forget(extension?: string): Promise<void>;
  stop(): Promise<void>;
}

type Instance = InstanceType<typeof Miniflare>;
export type LocalBucket = Awaited<ReturnType<Instance["getR2Bucket"]>>;
export type LocalKv = Awaited<ReturnType<Instance["getKVNamespace"]>>;

/**
 * Starts the worker on the loopback interface.
 * @throws ToolError if the port is taken
 */
export async function startLocalBakery(options: LocalBakeryOptions): Promise<LocalBakery> {
  const { port, state, vars = {}, log } = options;
  await checkPort(port);
  const script = options.script ?? (await bundleWorker());
  // It takes seconds to load: who names a port that is taken is told so before.
  const { unstable_getMiniflareWorkerOptions } = await import("wrangler");
  // The rules are for files that wrangler has bundled already.
  const { modulesRules, ...worker } = unstable_getMiniflareWorkerOptions(CONFIG).workerOptions;
  const token = randomBytes(32).toString("base64url");
  const bindings = { ...Object(worker.bindings), PUBLISH_TOKEN_SHA256: sha256Of(token), ...vars };
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...worker,
      modules: true,
      script,
      bindings,
      host: "127.0.0.1",
      port,
      // Nothing is asked of Cloudflare: no account, no network.
      cf: false,
      log: new Log(LogLevel.WARN),
      handleStructuredLogs: ({ message }) => log?.(message),
      ...(state !== undefined && { resourcePersistencePath: state }),
    }),
  );
  const url = (await miniflare.ready).origin;
  const bucket = await miniflare.getR2Bucket("BUCKET");
  const kv = await miniflare.getKVNamespace("INDEX_KV");
  return {
    url,
    bucket,
    kv,
    token,
    forget: (extension) => forget(bucket, kv, extension),
    stop: () => miniflare.dispose(),
  };
}

/** The script that would be deployed. */
export async function bundleWorker(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sysext-bakery-bundle-"));
  try {
    await run("wrangler", ["deploy", "--env=", "--dry-run", "--outdir", folder, "--config", CONFIG], { cwd: ROOT });
    return await readFile(join(folder, "index.js"), "utf8");
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @throws ToolError if a server cannot listen there */
export async function checkPort(port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const probe = createServer();
  probe.once("error", reject);
  probe.listen(port, "127.0.0.1", () => probe.close(() => resolve()));
  try {
    await promise;
  } catch (cause) {
    if (errorCode(cause) !== "EADDRINUSE" && errorCode(cause) !== "EACCES") throw cause;
    const what = errorCode(cause) === "EACCES" ? "may not be used" : "is taken by another program";
    throw new ToolError(`port ${port} of 127.0.0.1 ${what}`, { hint: "npm start -- --port 8788", cause });
  }
}

async function forget(bucket: LocalBucket, kv: LocalKv, extension?: string): Promise<void> {
  const isOf = (release = "") =>
    extension === undefined || release === extension || parseReleaseName(release)?.extension === extension;
  for (let cursor: string | undefined, more = true; more; ) {
    const page = await bucket.list(cursor === undefined ? {} : { cursor });
    const keys = page.objects.map(({ key }) => key);
    await bucket.delete(keys.filter((key) => isOf(key.split("/").at(key.startsWith(".") ? 1 : 0))));
    more = page.truncated;
    cursor = page.truncated ? page.cursor : undefined;
  }
  const { keys } = await kv.list();
  for (const { name } of keys) if (isOf(name.slice(COPY_PREFIX.length))) await kv.delete(name);
}
