/** A copy of an index, in memory and in KV. */
import { InvalidInput, type Locator, parseSha256Sums } from "../schema/index.ts";
import { sha256Hex } from "./digest.ts";

export interface IndexCopy {
  readonly bytes: Uint8Array;
  readonly sha256: string;
  /** When the index was published */
  readonly modified: Date;
  /** When it was read from R2, in milliseconds; newer is truer, for R2 is strongly consistent */
  readonly storedAt: number;
}

/** Where KV has the copy of an index. */
export function indexCopyKey({ release }: Locator): string {
  return `index/${release}`;
}

/** @throws InvalidInput where clients would refuse the index: such a copy is never made */
export async function makeIndexCopy(text: string, modified: Date, storedAt: number): Promise<IndexCopy> {
  parseSha256Sums(text);
  const bytes = new TextEncoder().encode(text);
  return { bytes, sha256: await sha256Hex(bytes), modified, storedAt };
}

export function formatIndexCopy({ bytes, sha256, modified, storedAt }: IndexCopy): string {
  return JSON.stringify({ text: new TextDecoder().decode(bytes), sha256, modified: modified.getTime(), storedAt });
}

/** @throws InvalidInput where it is not what `formatIndexCopy` wrote, down to the last byte of the index */
export async function parseIndexCopy(json: string): Promise<IndexCopy> {
  const { text, sha256, modified, storedAt } = parseObject(json);
  if (typeof text !== "string") throw invalid("text: not a string");
  if (!isTime(modified)) throw invalid("modified: not a time");
  if (!isTime(storedAt)) throw invalid("storedAt: not a time");
  const copy = await makeIndexCopy(text, new Date(modified), storedAt);
  if (copy.sha256 !== sha256) throw invalid("sha256: not that of the text");
  return copy;
}

function parseObject(json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw invalid(`not JSON (${cause instanceof Error ? cause.message : cause})`);
  }
  if (typeof value !== "object" || value === null) throw invalid("not an object");
  return { ...value };
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && !Number.isNaN(new Date(Number(value)).getTime());
}

function invalid(problem: string): InvalidInput {
  return new InvalidInput("copy of an index", problem);
}
