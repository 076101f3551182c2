/** Whether the stores behind a bakery answer, for monitors and for whoever has just deployed one. */
import { type Readiness, storageKey } from "../schema/index.ts";
import type { Clock } from "./context.ts";
import type { Config, Env } from "./env.ts";
import { logNotice, logProblem } from "./log.ts";
import type { Fetch } from "./outgoing.ts";
import { type Patience, within } from "./time-limit.ts";

export interface ReadinessOptions {
  readonly env: Env;
  readonly config: Config;
  readonly patience: Patience;
  readonly now: Clock;
  readonly fetch: Fetch;
}

type State = Readiness["stores"]["r2"];

/** A monitor may come often, and anybody may come: asking the stores costs. */
const REMEMBERED_SECONDS = 10;
const BUCKET_HINT = "npx wrangler r2 bucket create sysext-bakery makes a bucket; bind it as BUCKET in wrangler.toml";
const KV_HINT = "npx wrangler kv namespace create INDEX_KV makes a namespace; bind it as INDEX_KV in wrangler.toml";
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
   * makes nobody unready, nor does GitHub beside a bucket: copies and redirects do without them.
   */
  async probe(): Promise<Readiness> {
    const { now } = this.#options;
    const known = this.#known;
    if (known !== undefined && Math.abs(now() - known.at) < REMEMBERED_SECONDS * 1000) return known.readiness;

    const [r2, kv, github] = await Promise.all([this.#r2(), this.#kv(), this.#github()]);
    const ready = r2.state === "none" ? github.state === "ok" : r2.state === "ok";
    const readiness = { ready, stores: { r2, kv, github } };
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
