/** JSON documents in the bucket, for those who want what is in them: release manifests and inventories. */
import { type Locator, storageKey } from "../schema/index.ts";
import { UpstreamError } from "./errors.ts";
import type { FileRequest, Source, Store } from "./stores/store.ts";

export interface FoundDocument<T> {
  readonly value: T;
  readonly source: Source;
  readonly modified: Date | undefined;
}

/** Inventories of thousands of releases are below. */
const MAX_DOCUMENT_BYTES = 8 * 1024 ** 2;

/**
 * @returns undefined where there is no such document
 * @throws UpstreamError also for one that cannot be parsed: we have written it ourselves
 */
export async function readDocument<T>(
  store: Store,
  at: Locator,
  parse: (json: string) => T,
  { waitUntil }: Pick<FileRequest, "waitUntil">,
): Promise<FoundDocument<T> | undefined> {
  const file = await store.open(at, { method: "GET", headers: new Headers(), waitUntil });
  if (file?.kind !== "body") return undefined;
  const { size, modified } = file.representation;
  try {
    if (size > MAX_DOCUMENT_BYTES) throw new Error(`has ${size} bytes`);
    return { value: parse(await new Response(file.body).text()), source: file.source, modified };
  } catch (cause) {
    throw new UpstreamError("R2", `has ${storageKey(at)}, which cannot be read`, { cause });
  }
}
