/** What every store that has files of its own promises. */
import { createExecutionContext } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import type { Locator } from "../../../schema/index.ts";
import type { FileRequest, Store, StoredBody } from "../../../worker/stores/store.ts";
import { sha256 } from "../support/files.ts";

export interface StoredExample {
  readonly store: Store;
  readonly at: Locator;
  /** What is stored there: ASCII, and five bytes at least */
  readonly text: string;
}

export function storeContract(name: string, makeExample: () => Promise<StoredExample>): void {
  async function open(headers: Record<string, string> = {}, method = "GET") {
    const { store, at, text } = await makeExample();
    const file = await store.open(at, request(method, headers));
    if (file?.kind !== "body") throw new Error("the store has no body for its own example");
    return { file, text };
  }

  describe(name, () => {
    test("has undefined for what is not there", async () => {
      const { store } = await makeExample();
      expect(await store.open({ release: "nothing-1", file: "nothing.conf" }, request())).toBeUndefined();
    });

    test("has undefined for names too long to be stored", async () => {
      const { store } = await makeExample();
      const name = "é".repeat(513);
      expect(await store.open({ release: name, file: "SHA256SUMS" }, request())).toBeUndefined();
      expect(await store.open({ release: name, file: `${name}.conf` }, request("HEAD"))).toBeUndefined();
    });

    test("gives the whole file, its size and its hash", async () => {
      const { file, text } = await open();
      expect(file.outcome).toEqual({ kind: "full" });
      expect(file.representation).toMatchObject({ size: text.length, etag: `"${await sha256(text)}"` });
      expect(await content(file)).toBe(text);
    });

    test("gives HEAD the same without the bytes", async () => {
      const [head, get] = [await open({}, "HEAD"), await open()];
      expect(head.file.body).toBeNull();
      expect(head.file.outcome).toEqual(get.file.outcome);
      expect(head.file.representation).toEqual({ ...get.file.representation, ...modifiedOf(head.file) });
    });

    test("gives a part", async () => {
      const { file, text } = await open({ range: "bytes=1-3" });
      expect(file.outcome).toEqual({ kind: "part", offset: 1, length: 3 });
      expect(file.representation.size).toBe(text.length);
      expect(await content(file)).toBe(text.slice(1, 4));
    });

    test("gives no bytes where the client has them", async () => {
      const { file } = await open();
      const again = await open({ "if-none-match": file.representation.etag });
      expect(again.file).toMatchObject({ outcome: { kind: "not-modified" }, body: null });
    });

    test("gives no bytes where a precondition fails or a range is beyond the end", async () => {
      const failed = await open({ "if-match": '"another"' });
      expect(failed.file).toMatchObject({ outcome: { kind: "precondition-failed" }, body: null });
      const beyond = await open({ range: "bytes=100000-" });
      expect(beyond.file).toMatchObject({ outcome: { kind: "unsatisfiable" }, body: null });
    });
  });
}

export function request(method = "GET", headers: Record<string, string> = {}): FileRequest {
  const ctx = createExecutionContext();
  return { method, headers: new Headers(headers), waitUntil: (work) => ctx.waitUntil(work) };
}

export async function content({ body }: StoredBody): Promise<string> {
  return await new Response(body, { headers: { "content-type": "text/plain" } }).text();
}

/** Examples are stored anew for every test, so that dates differ. */
function modifiedOf({ representation: { modified } }: StoredBody): { modified?: Date } {
  return modified === undefined ? {} : { modified };
}
