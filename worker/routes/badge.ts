/** `/badge/<ext>.svg`: the newest version of an extension, for READMEs; `?arch=` and `?series=` narrow it down. */
import type { Context } from "hono";
import { ARCHES, type Arch, compareVersions, isArch, isExtensionName } from "../../schema/index.ts";
import { type Badge, badgeSvg } from "../catalogue/badge.ts";
import type { AppEnv } from "../context.ts";
import { UpstreamError } from "../errors.ts";
import { respond } from "../responses.ts";

export const BADGE_PATH = "/badge/:file{[^/]+\\.svg}";

const ONE_MINUTE = "public, max-age=60";

/** Whatever the case, there is an image: pages of others show it. */
export async function serveBadge(c: Context<AppEnv>): Promise<Response> {
  const { record } = c.env;
  record.page = "badge";
  const extension = (c.req.param("file") ?? "").replace(/\.svg$/, "");
  // What is no name is not repeated: it could be anything.
  if (!isExtensionName(extension)) return badge({ label: "extension", value: "unknown", tone: "unknown" }, 404);
  try {
    const version = await newestVersion(c, extension);
    return version === undefined
      ? badge({ label: extension, value: "unknown", tone: "unknown" }, 404)
      : badge({ label: extension, value: version, tone: "known" }, 200);
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    record.error = error;
    return badge({ label: extension, value: "unavailable", tone: "unavailable" }, 503);
  }
}

/** What machines would get that ask now; undefined where that is nothing. */
async function newestVersion(c: Context<AppEnv>, extension: string): Promise<string | undefined> {
  const series = c.req.query("series");
  const waitUntil = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const index = await c.env.services.indexes.current(extension, { waitUntil });
  const versions = archesOf(c.req.query("arch")).flatMap((arch) => index?.views.newest(arch, series)?.version ?? []);
  return versions.sort(compareVersions).at(-1);
}

function archesOf(arch: string | undefined): readonly Arch[] {
  if (arch === undefined) return ARCHES;
  return isArch(arch) ? [arch] : [];
}

function badge(what: Badge, status: number): Response {
  return respond(badgeSvg(what), status, {
    "content-type": "image/svg+xml",
    "cache-control": status === 503 ? "no-store" : ONE_MINUTE,
    "content-security-policy": "default-src 'none'",
  });
}
