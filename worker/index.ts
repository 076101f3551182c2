/** The worker's entry. */
import { createApp } from "./app.ts";
import type { Env } from "./env.ts";

const { fetch, servicesOf } = createApp();

export default {
  fetch,
  /** The cron trigger. */
  scheduled: (_controller, env) => servicesOf(env).indexCache.refreshPopular(),
} satisfies ExportedHandler<Env>;
