/** Every route of the worker. */
import { Hono } from "hono";
import type { AppEnv } from "./context.ts";
import { answerError } from "./errors.ts";
import { logRequests } from "./log.ts";
import { textResponse } from "./responses.ts";
import { serveCatalogue } from "./routes/catalogue.ts";
import { redirectToDocs } from "./routes/docs.ts";
import { serveExtensions } from "./routes/extensions.ts";
import { SURROUNDINGS, type Surroundings, servicesPerEnv } from "./services.ts";

export function createApp(surroundings: Surroundings = SURROUNDINGS) {
  const app = new Hono<AppEnv>();
  const servicesOf = servicesPerEnv(surroundings);

  app.use(logRequests(surroundings.now));
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
  return { fetch: app.fetch, servicesOf };
}
