/** Paths of the publish API, below `/api/v1/extensions/`. */
import type { Release } from "../../schema/index.ts";

export function releasePath({ extension, version }: Release): string {
  return `${extension}/releases/${encodeURIComponent(version)}`;
}
