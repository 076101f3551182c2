/**
 * The documents as JSON Schema, for other languages and for editors. What it cannot say (that an image is named after
 * its release, that no arch comes twice) only `parseReleaseManifest` and `parseInventory` check.
 */
import { type JsonSchema, toJsonSchema } from "@valibot/to-json-schema";
import { inventorySchema } from "./inventory.ts";
import { releaseManifestFields } from "./release-manifest.ts";

/** The JSON Schema of `release.json`. */
export function releaseManifestJsonSchema(): JsonSchema {
  return { title: "release manifest", ...toJsonSchema(releaseManifestFields, { target: "draft-2020-12" }) };
}

/** The JSON Schema of `releases.json`. */
export function inventoryJsonSchema(): JsonSchema {
  // Says nothing of items that must differ in one key.
  return {
    title: "inventory",
    ...toJsonSchema(inventorySchema, { target: "draft-2020-12", ignoreActions: ["check_items"] }),
  };
}
