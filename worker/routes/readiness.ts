/** `/readyz`: which store fails, and until when indexes are good. What is wrong with a store stands in the log. */
import type { Context } from "hono";
import type { AppEnv } from "../context.ts";
import { respond } from "../responses.ts";

export async function serveReadiness(c: Context<AppEnv>): Promise<Response> {
  const readiness = await c.env.services.readiness.probe((work) => c.executionCtx.waitUntil(work));
  const headers = { "content-type": "application/json", "cache-control": "no-store" };
  return respond(`${JSON.stringify(readiness)}\n`, readiness.ready ? 200 : 503, headers);
}
