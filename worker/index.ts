/** The worker's entry. */
import { createApp } from "./app.ts";
import type { Env } from "./env.ts";

const { fetch, scheduled } = createApp();

export default {
  fetch,
  /** The cron trigger. */
  scheduled: (_controller, env) => scheduled(env),
} satisfies ExportedHandler<Env>;
