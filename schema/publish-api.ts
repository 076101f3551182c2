/** What publishers send to a bakery, and what it answers: the writing half of the API. */
import * as v from "valibot";
import * as d from "./document.ts";
import { indexSignatures, indexText } from "./published-index.ts";

/** A body that every plan of Cloudflare's takes; larger files come in parts of this size, but for the last one. */
export const PART_BYTES = 64 * 1024 ** 2;
/** What R2 takes as one object in one step is 5 GiB less a little. */
export const MAX_PUBLISHED_FILE_BYTES = 4 * 1024 ** 3;
export const MAX_TRANSFER_BYTES = 64 * 1024;
/** Of a JSON body. Indexes of ten thousand releases are below. */
export const MAX_JSON_BYTES = 8 * 1024 ** 2;
/** What a build has said; what is longer is cut by who sends it. */
export const MAX_BUILD_LOG_BYTES = 1024 ** 2;

/** @param size bytes */
export function partsOf(size: number): number {
  return Math.max(1, Math.ceil(size / PART_BYTES));
}

/** A publisher that was cut off comes back within the day, or with other bytes. */
export const DRAFT_EXPIRY_SECONDS = 24 * 3600;

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
/** One line of text. The length first: what is longer is not looked at. */
const reason = v.pipe(
  v.string(),
  v.maxLength(500),
  v.regex(/^[ -~\u00a0-\uffff]*[!-~\u00a1-\uffff][ -~\u00a0-\uffff]*$/, "not one line of text"),
);

export const draft = v.strictObject({
  /** `published`: there is nothing to do */
  state: v.picklist(["draft", "published"]),
  /** What `If-Match` says of all that belongs to this draft: the sha256 of its manifest */
  draft: d.sha256,
  partBytes: count,
  files: v.array(
    v.strictObject({
      file: d.fileName,
      sha256: d.sha256,
      parts: count,
      /** The numbers of the parts that are not here, from 1 */
      missing: v.array(count),
    }),
  ),
  /** Of a published release: why it is not in the index */
  yanked: v.optional(v.string()),
});

export const drafts = v.strictObject({
  drafts: v.array(
    v.strictObject({
      version: d.version,
      /** When something was last sent for it */
      usedAt: d.timestamp,
    }),
  ),
});

export const commitRequest = v.strictObject({
  /** Of the lines that the release has in the index, by the publisher's key */
  signature: v.optional(d.signature),
});

export const committed = v.strictObject({
  /** `copying`: it goes on when it is asked again */
  state: v.picklist(["copying", "published"]),
});

export const descriptionPut = v.strictObject({
  /** Whether it is this one that is kept; else there was one already */
  kept: v.boolean(),
});

const generation = v.strictObject({ text: indexText, signatures: indexSignatures, effectiveAt: d.timestamp });

export const indexState = v.strictObject({
  /** For `If-Match`; null: there is none yet */
  etag: v.nullable(v.string()),
  /** What the index has to say, as it follows from what is published; whoever signs it may put a date in front */
  text: indexText,
  /** What was put last, and perhaps is not in effect yet */
  last: v.nullable(generation),
  /** Of the releases, by version, whose lines the last one has not: who publishes vouches for them so */
  signatures: v.record(v.string(), d.signature),
});

export const indexRequest = v.strictObject({ text: indexText, signatures: indexSignatures });

export const indexPut = v.strictObject({
  effectiveAt: d.timestamp,
  /** Whether it was this very one already */
  unchanged: v.boolean(),
});

export const yankRequest = v.strictObject({ reason });

export const pruneRequest = v.strictObject({
  /** How many of the newest releases stay */
  keep: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000)),
});

export const withdrawn = v.strictObject({
  /** Those that are no longer listed since this request */
  withdrawn: v.array(d.version),
});

export const restored = v.strictObject({
  /** Those that are listed again since this request */
  restored: v.array(d.version),
});

export const swept = v.strictObject({
  deleted: v.array(d.version),
  /** Those that some index may still name, and when they can be deleted; without a time: not until the index forgets them */
  waiting: v.array(v.strictObject({ version: d.version, until: v.optional(d.timestamp) })),
});

export type Draft = v.InferOutput<typeof draft>;
export type DraftFile = Draft["files"][number];
export type Drafts = v.InferOutput<typeof drafts>["drafts"];
export type CommitRequest = v.InferOutput<typeof commitRequest>;
export type Committed = v.InferOutput<typeof committed>;
export type DescriptionPut = v.InferOutput<typeof descriptionPut>;
export type IndexState = v.InferOutput<typeof indexState>;
export type IndexRequest = v.InferOutput<typeof indexRequest>;
export type IndexPut = v.InferOutput<typeof indexPut>;
export type Withdrawn = v.InferOutput<typeof withdrawn>;
export type Swept = v.InferOutput<typeof swept>;

/** @throws InvalidInput naming the field */
export const parseDraft = parser(draft, "draft");
export const parseDrafts = parser(drafts, "list of drafts");
export const parseCommitRequest = parser(commitRequest, "commit");
export const parseCommitted = parser(committed, "answer to a commit");
export const parseDescriptionPut = parser(descriptionPut, "answer to a description");
export const parseIndexState = parser(indexState, "state of an index");
export const parseIndexRequest = parser(indexRequest, "index");
export const parseIndexPut = parser(indexPut, "answer to an index");
export const parseYankRequest = parser(yankRequest, "request");
export const parsePruneRequest = parser(pruneRequest, "request");
export const parseWithdrawn = parser(withdrawn, "answer");
export const parseRestored = parser(restored, "answer");
export const parseSwept = parser(swept, "answer");

function parser<const S extends v.GenericSchema>(schema: S, what: string) {
  return (json: unknown): v.InferOutput<S> => d.parseDocument(schema, what, json);
}
