/** Sends on whoever asks for something that is no file of a bakery, as the reference's server does. */
import type { Context } from "hono";
import type { AppEnv } from "../context.ts";
import { redirect, textResponse } from "../responses.ts";

/** Path and query go along as they came. */
export function redirectToDocs(c: Context<AppEnv>): Response {
  const { services, record } = c.env;
  const { docsUrl } = services.config;
  if (docsUrl === undefined) return textResponse(404, "not found");
  const { pathname, search } = new URL(c.req.url);
  record.page = "docs";
  return redirect(`${docsUrl}${pathname}${search}`, "public, max-age=60");
}
