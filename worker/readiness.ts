/** Whether the stores behind a bakery answer and its indexes are fresh, for monitors and for who has just deployed. */
import { GLOBAL_INDEX, type Readiness, storageKey } from "../schema/index.ts";
import type { Clock } from "./context.ts";
import type { Config, Env } from "./env.ts";
import type { IndexFiles } from "./indexes/index-files.ts";
import { logNotice, logProblem } from "./log.ts";
import type { Fetch } from "./outgoing.ts";
import { type Patience, within } from "./time-limit.ts";

export interface ReadinessOptions {
  readonly env: Env;
  readonly config: Config;
  readonly indexes: IndexFiles;
  readonly patience: Patience;
  readonly now: Clock;
  readonly fetch: Fetch;
}

type State = Readiness["stores"]["r2"];
type WaitUntil = (work: Promise<unknown>) => void;

/** A monitor may come often, and anybody may come: asking the stores costs. */
const REMEMBERED_SECONDS = 10;
const BUCKET_HINT = "npx wrangler r2 bucket create sysext-bakery makes a bucket; bind it as BUCKET in wrangler.toml";
const KV_HINT = "npx wrangler kv namespace create INDEX_KV makes a namespace; bind it as INDEX_KV in wrangler.toml";
const FRESHNESS_HINT = "./bakery reindex --due signs the indexes anew: why has the nightly run not done it?";
const GITHUB_HINT = "set GITHUB_REPOSITORY in wrangler.toml to redirect to its releases";

/** For the log, once in an isolate: a deployment works without, and perhaps not as it was meant to. */
export function reportMissingBindings({ BUCKET, INDEX_KV }: Env, now: Clock): void {
  if (BUCKET === undefined) logNotice(`nothing is hosted here, for no bucket is bound: ${BUCKET_HINT}`, now);
  if (INDEX_KV === undefined) logNotice(`indexes are kept in memory only, for no KV is bound: ${KV_HINT}`, now);
}

export class ReadinessProbe {
  readonly #options: ReadinessOptions;
  #known: { readonly at: number; readonly readiness: Readiness } | undefined;

  constructor(options: ReadinessOptions) {
    this.#options = options;
  }

  /**
   * Ready is who can do what the deployment is for: read the bucket, or where there is none know GitHub. A failing KV
   * makes nobody unready, nor does GitHub beside a bucket: copies and redirects do without them. Indexes that are past
   * their date do, for machines refuse them; those that soon are do not yet, and `freshness` says so.
   */
  async probe(waitUntil: WaitUntil): Promise<Readiness> {
    const { now } = this.#options;
    const known = this.#known;
    if (known !== undefined && Math.abs(now() - known.at) < REMEMBERED_SECONDS * 1000) return known.readiness;

    const [r2, kv, github, freshness] = await Promise.all([
      this.#r2(),
      this.#kv(),
      this.#github(),
      this.#freshness(waitUntil),
    ]);
    const serves = r2.state === "none" ? github.state === "ok" : r2.state === "ok";
    const ready = serves && freshness.state !== "past";
    const readiness = { ready, freshness, stores: { r2, kv, github } };
    this.#known = { at: now(), readiness };
    return readiness;
  }

  async #r2(): Promise<State> {
    const { env, patience } = this.#options;
    const bucket = env.BUCKET;
    if (bucket === undefined) return { state: "none", hint: BUCKET_HINT };
    return this.#ask("R2", patience.r2, () => bucket.head(storageKey({ release: "noop", file: "noop.conf" })));
  }

  async #kv(): Promise<State> {
    const { env, patience } = this.#options;
    const kv = env.INDEX_KV;
    if (kv === undefined) return { state: "none", hint: KV_HINT };
    return this.#ask("KV", patience.kv, () => kv.get("readiness"));
  }

  async #github(): Promise<State> {
    const { config, patience, fetch } = this.#options;
    const { github } = config;
    if (github === undefined) return { state: "none", hint: GITHUB_HINT };
    return this.#ask("GitHub", patience.github, async () => {
      const url = new URL(`${github.serverUrl}/${github.repository}`);
      const response = await fetch(url, {
        method: "HEAD",
        redirect: "manual",
        headers: { "user-agent": "sysext-bakery" },
      });
      if (response.status >= 400) throw new Error(`answers ${response.status}`);
    });
  }

  /** From the cache that answers machines: it costs what one of them costs. */
  async #freshness(waitUntil: WaitUntil): Promise<Readiness["freshness"]> {
    const { env, indexes, now } = this.#options;
    // GitHub's indexes are not signed, and have no date.
    if (env.BUCKET === undefined) return { state: "none" };
    try {
      const index = await indexes.current(GLOBAL_INDEX.release, { waitUntil });
      const found = index?.views.freshness(now());
      if (found === undefined) return { state: "none" };
      return found.state === "ok" ? found : { ...found, hint: FRESHNESS_HINT };
    } catch (error) {
      logProblem("the freshness of the indexes is not known", error, now);
      return { state: "unknown" };
    }
  }

  async #ask(name: string, milliseconds: number, ask: () => Promise<unknown>): Promise<State> {
    try {
      await within(milliseconds, ask());
      return { state: "ok" };
    } catch (error) {
      logProblem(`${name} is not ready`, error, this.#options.now);
      return { state: "fails" };
    }
  }
}
