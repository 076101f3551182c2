/**
 * Storage in memory, which answers at once: real storage would make thousands of bakeries wait, and a short patience
 * with one that hangs would be over before it has answered for the first time. Has only what the worker uses of it.
 */

export interface KvEntry {
  readonly value: string;
  readonly metadata?: unknown;
}

/** @param entries may change meanwhile */
export function memoryKv(entries: Map<string, KvEntry>): KVNamespace {
  const kv = {
    getWithMetadata: async (key: string) => ({ value: null, metadata: null, ...entries.get(key) }),
    put: async (key: string, value: string, { metadata }: KVNamespacePutOptions) => {
      entries.set(key, { value, metadata });
    },
    delete: async (key: string) => void entries.delete(key),
  };
  return kv as Partial<KVNamespace> as KVNamespace;
}

/** @param files may change meanwhile */
export function memoryBucket(files: ReadonlyMap<string, string>): R2Bucket {
  const bucket = {
    get: async (key: string, { onlyIf }: { onlyIf?: R2Conditional } = {}) => {
      const text = files.get(key);
      if (text === undefined) return null;
      // Good enough for two texts that are to be told apart.
      const etag = encodeURIComponent(text);
      const object = { key, etag, httpEtag: `"${etag}"`, size: text.length, uploaded: new Date(0), checksums: {} };
      if (onlyIf?.etagDoesNotMatch === etag) return object;
      return { ...object, body: new Response(text).body, text: async () => text };
    },
  };
  return bucket as unknown as R2Bucket;
}
