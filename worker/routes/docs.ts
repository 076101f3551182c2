/** Sends on whoever asks for something that is no file of a bakery, as the reference's server does. */
import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../context.ts";
import { redirect } from "../responses.ts";

/** Path and query go along as they came. */
export const redirectToDocs: MiddlewareHandler<AppEnv> = async (c) => {
  const { docsUrl } = c.var.services.config;
  if (docsUrl === undefined) return c.notFound();
  const { pathname, search } = new URL(c.req.url);
  c.var.record.page = "docs";
  return redirect(`${docsUrl}${pathname}${search}`, "public, max-age=60");
};
