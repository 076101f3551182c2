/** Files that tests publish. */
import { formatPublishedIndex, unsignedIndex } from "../../../schema/index.ts";
import { sha256Hex } from "../../../worker/digest.ts";

export const IMAGE_KEY = "kubernetes-v1.32.2/kubernetes-v1.32.2-x86-64.raw";
export const IMAGE_PATH = "/extensions/kubernetes/kubernetes-v1.32.2-x86-64.raw";
export const IMAGE = "0123456789abcdefghijklmnopqrstuvwxyz";

export const TRANSFER_KEY = "kubernetes/kubernetes.conf";
export const TRANSFER_PATH = "/extensions/kubernetes.conf";
export const TRANSFER = "[Source]\nType=url-file\n";

export const INDEX_KEY = "kubernetes/index.json";
export const INDEX_PATH = "/extensions/kubernetes/SHA256SUMS";
export const INDEX = `${"a".repeat(64)}  kubernetes-v1.32.2-x86-64.raw\n`;
export const NEXT_INDEX = `${"b".repeat(64)}  kubernetes-v1.32.3-x86-64.raw\n${INDEX}`;

/** Puts a file the way the publisher does, so that R2 knows its hash. */
export async function putFile(bucket: R2Bucket, key: string, text: string): Promise<R2Object> {
  return await bucket.put(key, text, { sha256: await sha256(text) });
}

/** Publishes an index, in effect since long. */
export async function putIndex(bucket: R2Bucket, text: string, release = "kubernetes", signature?: string) {
  const index = unsignedIndex(text, new Date("2026-01-17T03:04:05Z"));
  if (signature !== undefined) Object.assign(index.generations[0] ?? {}, { signatures: { index: btoa(signature) } });
  return await putFile(bucket, `${release}/index.json`, formatPublishedIndex(index));
}

export async function sha256(text: string): Promise<string> {
  return await sha256Hex(new TextEncoder().encode(text));
}
