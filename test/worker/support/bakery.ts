/** A bakery under test: the real app on the real bindings of wrangler.toml, or on what a test puts in their place. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createApp } from "../../../worker/app.ts";
import type { Env } from "../../../worker/env.ts";
import { SURROUNDINGS, type Surroundings } from "../../../worker/services.ts";

export const ORIGIN = "https://bakery.example";

export interface Bakery {
  /** Asks for a path, and waits for what the worker does after its answer. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** What the cron trigger does. */
  refresh(): Promise<void>;
  /** Lets time go by. */
  wait(seconds: number): void;
}

/** A bakery of its own, with an empty memory, as a new isolate has it. */
export function bakery(overrides: Partial<Env> = {}, surroundings: Partial<Surroundings> = {}): Bakery {
  let time = Date.now();
  const app = createApp({ ...SURROUNDINGS, now: () => time, fetch: unreachable, ...surroundings });
  const bindings = { ...env, ...overrides };
  return {
    async fetch(path, init) {
      const ctx = createExecutionContext();
      const response = await app.fetch(new Request(ORIGIN + path, init), bindings, ctx);
      await waitOnExecutionContext(ctx);
      return response;
    },
    refresh: () => app.scheduled(bindings),
    wait(seconds) {
      time += seconds * 1000;
    },
  };
}

/** A bakery of which nothing is anywhere but in its bucket. */
export function standaloneBakery(overrides: Partial<Env> = {}, surroundings: Partial<Surroundings> = {}): Bakery {
  return bakery({ GITHUB_REPOSITORY: "", DOCS_URL: "", ...overrides }, surroundings);
}

/** The internet where a test says nothing of it. */
async function unreachable(url: URL): Promise<Response> {
  throw new Error(`${url.host} cannot be reached`);
}
