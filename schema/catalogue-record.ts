/**
 * What a page that lists all extensions says of each: `.catalogue/record.json`, so that it reads one document and not
 * those of every extension. Written with each profile and each index; where it lacks something, the global index still has the names.
 */
import * as v from "valibot";
import * as d from "./document.ts";
import { EXTENSION_KINDS, type ExtensionProfile, line } from "./extension-profile.ts";
import { type Inventory, isListed } from "./inventory.ts";
import { VERIFICATIONS } from "./release-manifest.ts";

const MAX_EXTENSIONS = 20_000;

const cataloguedExtension = v.strictObject({
  extension: d.extensionName,
  /** The newest version that is listed, and when it was published */
  version: d.version,
  publishedAt: d.timestamp,
  /** Of that version */
  images: v.array(v.strictObject({ arch: d.arch, size: d.size })),
  /** How many versions are listed */
  releases: v.pipe(v.number(), v.integer(), v.minValue(1)),
  description: v.optional(line),
  kind: v.optional(v.picklist(EXTENSION_KINDS)),
  verifiedBy: v.optional(v.array(v.picklist(VERIFICATIONS))),
});

const catalogueRecordSchema = v.strictObject({
  schemaVersion: v.literal(1),
  extensions: v.pipe(v.array(cataloguedExtension), v.maxLength(MAX_EXTENSIONS)),
});

export type CatalogueRecord = v.InferOutput<typeof catalogueRecordSchema>;
export type CataloguedExtension = CatalogueRecord["extensions"][number];

/** @throws InvalidInput naming the field, `extensions[3].version` */
export function parseCatalogueRecord(json: unknown): CatalogueRecord {
  return d.parseDocument(catalogueRecordSchema, "catalogue record", json);
}

export function formatCatalogueRecord(record: CatalogueRecord): string {
  return `${JSON.stringify(record)}\n`;
}

export function emptyCatalogueRecord(): CatalogueRecord {
  return { schemaVersion: 1, extensions: [] };
}

/** The record with what is known now of one extension; the very same one where that is no news. */
export function withExtension(
  inventory: Inventory,
  profile: ExtensionProfile | undefined,
  before: CatalogueRecord,
): CatalogueRecord {
  const others = before.extensions.filter(({ extension }) => extension !== inventory.extension);
  const own = cataloguedAs(inventory, profile);
  const extensions = [...others, ...(own === undefined ? [] : [own])];
  const after = { ...before, extensions: extensions.sort((a, b) => (a.extension < b.extension ? -1 : 1)) };
  return formatCatalogueRecord(after) === formatCatalogueRecord(before) ? before : after;
}

/** Undefined of what machines do not get any more. */
function cataloguedAs(
  { extension, releases }: Inventory,
  profile: ExtensionProfile | undefined,
): CataloguedExtension | undefined {
  const listed = releases.filter(isListed);
  const [newest] = listed;
  if (newest === undefined) return undefined;
  const { version, publishedAt } = newest;
  const images = newest.images.map(({ arch, size }) => ({ arch, size }));
  const { description, kind, verifiedBy } = profile ?? {};
  return {
    ...{ extension, version, publishedAt, images, releases: listed.length },
    ...(description !== undefined && { description }),
    ...(kind !== undefined && { kind }),
    ...(verifiedBy !== undefined && { verifiedBy }),
  };
}
