/** `/readyz`: which store fails. What is wrong with it stands in the log. */
import type { Context } from "hono";
import type { AppEnv } from "../context.ts";
import { respond } from "../responses.ts";

export async function serveReadiness(c: Context<AppEnv>): Promise<Response> {
  const readiness = await c.env.services.readiness.probe();
  const headers = { "content-type": "application/json", "cache-control": "no-store" };
  return respond(`${JSON.stringify(readiness)}\n`, readiness.ready ? 200 : 503, headers);
}
