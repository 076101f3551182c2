/**
 * One data point a request for a file of a bakery, where Analytics Engine is bound: which versions machines install,
 * and with which systemd. No addresses, and of the client nothing but its systemd version.
 *
 * https://developers.cloudflare.com/analytics/analytics-engine/
 */
import { parseImageFile, parseReleaseName } from "../schema/index.ts";
import type { LoggedRequest } from "./log.ts";

/** In this order; the names are for SQL, where blobs are blob1, blob2, … */
export const BLOBS = ["extension", "version", "arch", "kind", "store", "status", "systemd"] as const;
export const DOUBLES = ["bytes"] as const;

type CountedRequest = Pick<LoggedRequest, "request" | "response" | "record">;

export function count(analytics: AnalyticsEngineDataset, { request, response, record }: CountedRequest): void {
  const { path, source, bytes = 0 } = record;
  if (path === undefined) return;
  const { release, file } = path.at;
  const image = parseImageFile(file);
  const { extension, version } = image ?? parseReleaseName(release) ?? { extension: release, version: "" };
  const arch = "arch" in path ? path.arch : "";
  const systemd = /^systemd-pull\/(?<version>[0-9]{1,4})/.exec(request.headers.get("user-agent") ?? "");
  analytics.writeDataPoint({
    // What is sampled by, where there are many: so that no extension hides another.
    indexes: [extension.slice(0, MAX_INDEX_LENGTH)],
    blobs: [
      extension.slice(0, MAX_BLOB_LENGTH),
      version.slice(0, MAX_BLOB_LENGTH),
      arch,
      path.kind,
      source ?? "",
      String(response.status),
      systemd?.groups?.version ?? "",
    ],
    doubles: [bytes],
  });
}

/** Analytics Engine takes 96 bytes for an index; names are ASCII where they are ours. */
const MAX_INDEX_LENGTH = 32;
const MAX_BLOB_LENGTH = 128;
