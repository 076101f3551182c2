/**
 * What a bakery tells a webhook, and what of that is still to be told: the outbox, `.outbox/<name>.json`, of which no
 * client sees anything.
 */
import * as v from "valibot";
import { apiImage } from "./api.ts";
import * as d from "./document.ts";

/** In the manner of https://www.standardwebhooks.com */
export const releaseEvent = v.strictObject({
  type: v.picklist(["release.published", "release.withdrawn", "release.restored"]),
  /** When it was published, withdrawn, or restored */
  timestamp: d.timestamp,
  data: v.strictObject({
    extension: d.extensionName,
    version: d.version,
    publishedAt: d.timestamp,
    /** From when on machines see it: the index that says so takes effect */
    effectiveAt: d.timestamp,
    images: v.array(v.strictObject({ ...apiImage.entries, size: d.size })),
    /** Why it was withdrawn; none: it was pruned */
    reason: v.optional(v.string()),
  }),
});

const outboxBatch = v.strictObject({
  schemaVersion: v.literal(1),
  extension: d.extensionName,
  /** Whether the index says so by now, for certain: a batch is written before that */
  confirmed: v.boolean(),
  /** How often somebody has tried to send it */
  attempts: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Nobody tries before */
  notBefore: d.timestamp,
  messages: v.array(
    v.strictObject({
      /** The same for an event however often it is sent */
      id: v.pipe(v.string(), v.regex(/^msg_[0-9a-f]{32}$/, "not the id of a message")),
      event: releaseEvent,
    }),
  ),
});

export type ReleaseEvent = v.InferOutput<typeof releaseEvent>;
export type OutboxBatch = v.InferOutput<typeof outboxBatch>;
export type WebhookMessage = OutboxBatch["messages"][number];

/** @throws InvalidInput naming the field */
export function parseReleaseEvent(json: unknown): ReleaseEvent {
  return d.parseDocument(releaseEvent, "event", json);
}

/** @throws InvalidInput naming the field, `messages[0].id` */
export function parseOutboxBatch(json: unknown): OutboxBatch {
  return d.parseDocument(outboxBatch, "batch of messages", json);
}

export function formatOutboxBatch(batch: OutboxBatch): string {
  return JSON.stringify(batch);
}
