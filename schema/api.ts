/** What the JSON API answers with. Its OpenAPI document (openapi.ts) is made of these. */
import * as v from "valibot";
import * as d from "./document.ts";

const seriesName = v.pipe(v.string(), v.minLength(1));
const url = v.pipe(v.string(), v.url());
/** Ask with `?cursor=` for what follows; none: that was all */
const next = v.optional(v.string());

export const apiImage = v.strictObject({
  arch: d.arch,
  file: d.fileName,
  url,
  sha256: d.sha256,
  /** bytes; unknown of images that only GitHub has */
  size: v.optional(d.size),
});

export const apiRelease = v.strictObject({
  version: d.version,
  publishedAt: v.optional(d.timestamp),
  images: v.array(apiImage),
  yanked: v.optional(v.strictObject({ at: d.timestamp, reason: v.string() })),
});

export const apiReleases = v.strictObject({ releases: v.array(apiRelease), next });

export const apiLatest = v.strictObject({ version: d.version, ...apiImage.entries });

const extensionSummary = {
  name: d.extensionName,
  /** The newest version of any architecture */
  version: d.version,
  arches: v.array(d.arch),
  releases: v.pipe(v.number(), v.integer(), v.minValue(1)),
};

export const apiExtension = v.strictObject({
  ...extensionSummary,
  /** Minor series, newest first; each has an index of its own */
  series: v.array(v.strictObject({ name: seriesName, version: d.version, index: url })),
  links: v.strictObject({
    index: url,
    transfer: url,
    releases: url,
    /** Only of what was published to the bakery itself */
    atomFeed: v.optional(url),
    jsonFeed: v.optional(url),
  }),
});

export const apiExtensions = v.strictObject({
  extensions: v.array(v.strictObject(extensionSummary)),
  next,
});

/** As GitHub's contents API lists folders, which is what updex asks of a catalogue's `ListURL`. */
export const apiContents = v.array(v.strictObject({ name: d.extensionName, type: v.literal("dir") }));

export const apiError = v.strictObject({
  error: v.strictObject({ code: v.string(), message: v.string(), hint: v.optional(v.string()) }),
});

const storeState = v.strictObject({
  state: v.picklist(["ok", "fails", "none"]),
  hint: v.optional(v.string()),
});

/** Until when machines believe the indexes, by the global one, which has the earliest date of all */
const freshness = v.strictObject({
  /** `soon`: less than a third of the time is left, so that nobody signs them anew; `past`: machines refuse them */
  state: v.picklist(["ok", "soon", "past", "none", "unknown"]),
  bestBefore: v.optional(v.pipe(v.string(), v.isoDate())),
  hint: v.optional(v.string()),
});

export const readiness = v.strictObject({
  ready: v.boolean(),
  freshness,
  stores: v.strictObject({ r2: storeState, kv: storeState, github: storeState }),
});

export type ApiImage = v.InferOutput<typeof apiImage>;
export type ApiRelease = v.InferOutput<typeof apiRelease>;
export type ApiExtension = v.InferOutput<typeof apiExtension>;
export type ApiExtensions = v.InferOutput<typeof apiExtensions>;
export type ApiLatest = v.InferOutput<typeof apiLatest>;
export type ApiError = v.InferOutput<typeof apiError>;
export type Readiness = v.InferOutput<typeof readiness>;
