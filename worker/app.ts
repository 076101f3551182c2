/** Every route of the worker. */
import { Hono } from "hono";
import { count } from "./analytics.ts";
import { createApi } from "./api/routes.ts";
import { serveAsset } from "./catalogue/assets.ts";
import { serveExtension, serveList, serveRelease } from "./catalogue/routes.tsx";
import type { AppEnv } from "./context.ts";
import { serveDocument, serveShelves } from "./documentation/routes.tsx";
import type { Env } from "./env.ts";
import { answerError } from "./errors.ts";
import { logRequest, type RequestRecord } from "./log.ts";
import { textResponse } from "./responses.ts";
import { BADGE_PATH, serveBadge } from "./routes/badge.ts";
import { serveExtensions } from "./routes/extensions.ts";
import { serveReadiness } from "./routes/readiness.ts";
import { serveCard, serveFavicon, serveRobots, serveSitemap } from "./routes/site-files.ts";
import { SURROUNDINGS, type Surroundings, servicesPerEnv } from "./services.ts";

export interface App {
  fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response>;
  /** What is to be done from time to time: fresh copies of indexes, no drafts that nobody comes back for, no news untold. */
  scheduled(env: Env): Promise<void>;
}

export function createApp(surroundings: Surroundings = SURROUNDINGS): App {
  const servicesOf = servicesPerEnv(surroundings);
  const routes = createRoutes();
  const { now } = surroundings;

  return {
    async scheduled(env) {
      const services = servicesOf(env);
      const publishing = services.publishing();
      const work = [services.indexCache.refreshPopular(), publishing?.drafts.expire(), publishing?.retryWebhook()];
      await Promise.all(work);
    },
    // Around the routes and not a middleware in front of each: that would double what a hot request costs.
    async fetch(request, env, ctx) {
      const start = now();
      const record: RequestRecord = {};
      let response: Response;
      try {
        response = await routes.fetch(request, { services: servicesOf(env), record }, ctx);
      } catch (error) {
        record.error = error;
        response = answerError(error);
      }
      logRequest({ request, response, record, start, end: now() });
      if (env.ANALYTICS !== undefined) count(env.ANALYTICS, { request, response, record });
      return response;
    },
  };
}

function createRoutes(): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  // Hono answers HEAD through the route of GET.
  app.get("/healthz", () => textResponse(200, "ok", { "cache-control": "no-store" }));
  app.get("/readyz", serveReadiness);
  app.get("/", serveList);
  app.get("/catalogue/:extension", serveExtension);
  app.get("/catalogue/:extension/:version", serveRelease);
  app.get("/docs", serveShelves);
  app.get("/docs/:name", serveDocument);
  app.get("/assets/:file", (c) => serveAsset(c.req.path) ?? textResponse(404, "there is no such file"));
  app.get(BADGE_PATH, serveBadge);
  app.get("/robots.txt", serveRobots);
  app.get("/sitemap.xml", serveSitemap);
  app.get("/favicon.svg", serveFavicon);
  app.get("/favicon.ico", serveFavicon);
  app.get("/card.png", serveCard);
  app.route("/api/v1", createApi());
  // The reference's server finds `/extensions/` anywhere in a path, so this looks at all of them.
  app.get("*", serveExtensions);

  app.notFound(() => textResponse(405, "only GET and HEAD are allowed here", { allow: "GET, HEAD" }));
  app.onError((error) => {
    throw error;
  });
  return app;
}
