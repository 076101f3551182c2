/** Every route of the worker. */
import { Hono } from "hono";
import type { AppEnv, Clock } from "./context.ts";
import { answerError } from "./errors.ts";
import { logRequests } from "./log.ts";
import { textResponse } from "./responses.ts";
import { serveCatalogue } from "./routes/catalogue.ts";
import { redirectToDocs } from "./routes/docs.ts";
import { serveExtensions } from "./routes/extensions.ts";
import { servicesPerEnv } from "./services.ts";

/** @param now the time in milliseconds; tests have their own */
export function createApp(now: Clock = Date.now): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const servicesOf = servicesPerEnv(now);

  app.use(logRequests(now));
  // In front of every route, so that a wrong variable shows in the health check and not first at a client.
  app.use(async (c, next) => {
    c.set("services", servicesOf(c.env));
    await next();
  });

  // Hono answers HEAD through the route of GET.
  app.get("/healthz", () => textResponse(200, "ok", { "cache-control": "no-store" }));
  app.get("/", serveCatalogue);
  // The reference's server finds `/extensions/` anywhere in a path, so this looks at all of them.
  app.get("*", serveExtensions, redirectToDocs);
  app.all("*", () => textResponse(405, "only GET and HEAD are allowed here", { allow: "GET, HEAD" }));

  app.notFound(() => textResponse(404, "not found"));
  app.onError(answerError);
  return app;
}
