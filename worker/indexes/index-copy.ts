/** A copy of a published index, in memory and in KV. */
import { formatPublishedIndex, InvalidInput, type PublishedIndex, parsePublishedIndex } from "../../schema/index.ts";
import { sha256Hex } from "../digest.ts";
import { IndexViews } from "./index-views.ts";
import type { Validator } from "./origin.ts";

export interface IndexCopy {
  readonly index: PublishedIndex;
  readonly views: IndexViews;
  /** Of the version that the origin has sent */
  readonly validator: Validator;
  /** When the origin was asked last whether this is its index, in milliseconds; newer is truer */
  readonly readAt: number;
}

export function makeIndexCopy(index: PublishedIndex, validator: Validator, readAt: number): IndexCopy {
  return { index, validator, readAt, views: new IndexViews(index) };
}

export const COPY_PREFIX = "index/";

/** Where KV has the copy of an index. */
export function indexCopyKey(release: string): string {
  return COPY_PREFIX + release;
}

/** KV's metadata of a copy; KV lists it without reading the copies (1024 bytes at most). */
export interface CopyMetadata {
  readonly origin: Validator["origin"];
  readonly etag: string;
  readonly readAt: number;
  /** When a client's request has last had it read, in milliseconds; the cron trigger refreshes what is asked for */
  readonly usedAt: number;
  /** Of the document */
  readonly sha256: string;
}

export interface StoredCopy {
  readonly value: string;
  readonly metadata: CopyMetadata;
}

export async function formatIndexCopy({ index, validator, readAt }: IndexCopy, usedAt: number): Promise<StoredCopy> {
  const value = formatPublishedIndex(index);
  return { value, metadata: { ...validator, readAt, usedAt, sha256: await digestOf(value) } };
}

/** @throws InvalidInput where it is not what `formatIndexCopy` made, down to the last byte */
export async function parseIndexCopy(value: string, metadata: unknown): Promise<IndexCopy & { usedAt: number }> {
  if (!isCopyMetadata(metadata)) throw new InvalidInput("copy of an index", "its metadata is not ours");
  const { origin, etag, readAt, usedAt, sha256 } = metadata;
  if ((await digestOf(value)) !== sha256) throw new InvalidInput("copy of an index", "not the bytes that were stored");
  return { ...makeIndexCopy(parsePublishedIndex(value), { origin, etag }, readAt), usedAt };
}

export function isCopyMetadata(value: unknown): value is CopyMetadata {
  if (typeof value !== "object" || value === null) return false;
  const { origin, etag, readAt, usedAt, sha256 } = value as Partial<Record<keyof CopyMetadata, unknown>>;
  const isOrigin = origin === "r2" || origin === "github";
  return isOrigin && typeof etag === "string" && isTime(readAt) && isTime(usedAt) && typeof sha256 === "string";
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && !Number.isNaN(new Date(Number(value)).getTime());
}

function digestOf(text: string): Promise<string> {
  return sha256Hex(new TextEncoder().encode(text));
}
