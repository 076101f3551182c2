/** What clients see of the files in the bucket. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { NOOP_TRANSFER } from "../../schema/index.ts";
import { bakery, standaloneBakery } from "./support/bakery.ts";
import {
  IMAGE,
  IMAGE_KEY,
  IMAGE_PATH,
  INDEX,
  INDEX_PATH,
  INVENTORY_KEY,
  inventoryText,
  putFile,
  putIndex,
  sha256,
  TRANSFER,
  TRANSFER_KEY,
  TRANSFER_PATH,
} from "./support/files.ts";
import { counting, emptyStorage } from "./support/storage.ts";

const bucket = env.BUCKET;
const INVENTORY = inventoryText("kubernetes", "v1.32.2");

beforeEach(async () => {
  await emptyStorage();
  await putFile(bucket, IMAGE_KEY, IMAGE);
  await putIndex(bucket, INDEX, "kubernetes", "signature");
  await putFile(bucket, TRANSFER_KEY, TRANSFER);
  await putFile(bucket, INVENTORY_KEY, INVENTORY);
  await putFile(bucket, "kubernetes-v1.32.2/release.json", "{}\n");
});

async function get(path: string, headers: Record<string, string> = {}, method = "GET") {
  const response = await standaloneBakery().fetch(path, { method, headers });
  return { status: response.status, headers: response.headers, body: new TextDecoder().decode(await response.bytes()) };
}

describe("each kind of file has its headers", () => {
  const cases = [
    [IMAGE_PATH, IMAGE, "application/octet-stream", "public, max-age=31536000, immutable, no-transform"],
    [INDEX_PATH, INDEX, "text/plain; charset=utf-8", "public, max-age=60"],
    [TRANSFER_PATH, TRANSFER, "text/plain; charset=utf-8", "public, max-age=300"],
    ["/extensions/noop.conf", NOOP_TRANSFER, "text/plain; charset=utf-8", "public, max-age=300"],
    ["/extensions/kubernetes/SHA256SUMS.gpg", "signature", "application/pgp-signature", "public, max-age=60"],
    ["/extensions/kubernetes/releases.json", INVENTORY, "application/json", "public, max-age=60"],
    ["/extensions/kubernetes-v1.32.2/release.json", "{}\n", "application/json", "public, max-age=300"],
  ] as const;

  test.each(cases)("%s", async (path, text, contentType, cacheControl) => {
    const answer = await get(path);
    expect(answer).toMatchObject({ status: 200, body: text });
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "accept-ranges": "bytes",
      "cache-control": cacheControl,
      "content-length": String(text.length),
      "content-type": contentType,
      etag: `"${await sha256(text)}"`,
      "x-content-type-options": "nosniff",
    });
  });

  test.each(cases)("%s, and HEAD the same without a body", async (path) => {
    const [head, whole] = [await get(path, {}, "HEAD"), await get(path)];
    expect(head.body).toBe("");
    expect(head.status).toBe(whole.status);
    expect(Object.fromEntries(head.headers)).toEqual(Object.fromEntries(whole.headers));
  });
});

test("dates are those of the upload", async () => {
  const object = await bucket.head(IMAGE_KEY);
  const { headers } = await get(IMAGE_PATH);
  expect(headers.get("last-modified")).toBe(object?.uploaded.toUTCString());
});

test("the hash of an object uploaded in parts is taken from its metadata", async () => {
  const hash = await sha256(IMAGE);
  const upload = await bucket.createMultipartUpload(IMAGE_KEY, { customMetadata: { sha256: hash } });
  await upload.complete([await upload.uploadPart(1, IMAGE)]);
  expect((await get(IMAGE_PATH)).headers.get("etag")).toBe(`"${hash}"`);
});

test("an object of which nobody knows the hash has R2's own entity tag", async () => {
  const upload = await bucket.createMultipartUpload(IMAGE_KEY, { customMetadata: { sha256: "unknown" } });
  const object = await upload.complete([await upload.uploadPart(1, IMAGE)]);
  const { headers } = await get(IMAGE_PATH);
  expect(headers.get("etag")).toBe(object.httpEtag);
  expect((await get(IMAGE_PATH, { "if-none-match": object.httpEtag })).status).toBe(304);
});

describe("ranges", () => {
  test.each([
    ["bytes=0-9", "0123456789", "bytes 0-9/36"],
    ["bytes=-2", "yz", "bytes 34-35/36"],
    ["bytes=34-", "yz", "bytes 34-35/36"],
  ])("%s", async (range, body, contentRange) => {
    const answer = await get(IMAGE_PATH, { range });
    expect(answer).toMatchObject({ status: 206, body });
    expect(answer.headers.get("content-range")).toBe(contentRange);
    expect(answer.headers.get("content-length")).toBe(String(body.length));
  });

  test("beyond the end: 416 and the size", async () => {
    const answer = await get(IMAGE_PATH, { range: "bytes=36-" });
    expect(answer).toMatchObject({ status: 416, body: "the file has 36 bytes\n" });
    expect(answer.headers.get("content-range")).toBe("bytes */36");
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  test.each(["bytes=0-1,3-4", "bytes=x", "lines=1-2"])("%s is answered with the whole file", async (range) => {
    expect(await get(IMAGE_PATH, { range })).toMatchObject({ status: 200, body: IMAGE });
  });

  test("If-Range decides between a part and the whole", async () => {
    const range = "bytes=0-1";
    const etag = `"${await sha256(IMAGE)}"`;
    expect(await get(IMAGE_PATH, { range, "if-range": etag })).toMatchObject({ status: 206, body: "01" });
    expect(await get(IMAGE_PATH, { range, "if-range": '"other"' })).toMatchObject({ status: 200, body: IMAGE });
  });

  test("an index has them too", async () => {
    expect(await get(INDEX_PATH, { range: "bytes=0-3" })).toMatchObject({ status: 206, body: "aaaa" });
  });
});

describe("conditions", () => {
  test.each([IMAGE_PATH, INDEX_PATH])("%s: 304 repeats what a cache needs", async (path) => {
    const whole = await get(path);
    const etag = whole.headers.get("etag") ?? "";
    const answer = await get(path, { "if-none-match": `"x", W/${etag}` });
    expect(answer).toMatchObject({ status: 304, body: "" });
    for (const name of ["etag", "cache-control", "last-modified"]) {
      expect(answer.headers.get(name)).toBe(whole.headers.get(name));
    }
  });

  test("If-Modified-Since with the date that was given: 304", async () => {
    const date = (await get(IMAGE_PATH)).headers.get("last-modified") ?? "";
    expect((await get(IMAGE_PATH, { "if-modified-since": date })).status).toBe(304);
    expect((await get(IMAGE_PATH, { "if-unmodified-since": date })).status).toBe(200);
  });

  test.each([{ "if-match": '"x"' }, { "if-unmodified-since": "Sun, 06 Nov 1994 08:49:37 GMT" }])(
    "%j: 412, which nobody is to cache",
    async (headers) => {
      const answer = await get(IMAGE_PATH, headers);
      expect(answer.status).toBe(412);
      expect(answer.headers.get("cache-control")).toBe("no-store");
    },
  );

  test("If-None-Match with another tag: the file", async () => {
    expect(await get(IMAGE_PATH, { "if-none-match": '"x"' })).toMatchObject({ status: 200, body: IMAGE });
  });
});

describe("what a request costs", () => {
  async function costOf(path: string, init: RequestInit = {}) {
    const { storage, operations } = counting(bucket);
    const { fetch } = standaloneBakery({ BUCKET: storage });
    await (await fetch(IMAGE_PATH)).bytes();
    operations.length = 0;
    await (await fetch(path, init)).bytes();
    return operations;
  }

  test("the first image of a release: its inventory is read too, which says whether it is published", async () => {
    const { storage, operations } = counting(bucket);
    await (await standaloneBakery({ BUCKET: storage }).fetch(IMAGE_PATH)).bytes();
    expect(operations).toEqual([`get ${IMAGE_KEY}`, `get ${INVENTORY_KEY}`]);
  });

  test("a plain GET of an image: one operation", async () => {
    expect(await costOf(IMAGE_PATH)).toEqual([`get ${IMAGE_KEY}`]);
  });
  test("HEAD: one", async () => {
    expect(await costOf(IMAGE_PATH, { method: "HEAD" })).toEqual([`head ${IMAGE_KEY}`]);
  });
  test("a client that has the file: one", async () => {
    const headers = { "if-none-match": `"${await sha256(IMAGE)}"` };
    expect(await costOf(IMAGE_PATH, { headers })).toEqual([`head ${IMAGE_KEY}`]);
  });
  test("a part: two", async () => {
    const headers = { range: "bytes=0-1" };
    expect(await costOf(IMAGE_PATH, { headers })).toEqual([`head ${IMAGE_KEY}`, `get ${IMAGE_KEY}`]);
  });
  test("noop.conf, a path that is no file's, and names longer than R2's keys: none", async () => {
    expect(await costOf("/extensions/noop.conf")).toEqual([]);
    expect(await costOf("/extensions/")).toEqual([]);
    expect(await costOf(`/extensions/${"a".repeat(600)}.conf`)).toEqual([]);
  });
});

test("a part is never of other bytes than the condition was about", async () => {
  let heads = 0;
  const racing = new Proxy(bucket, {
    get(target, property) {
      if (property === "get") return target.get.bind(target);
      return async (key: string) => {
        const object = await target.head(key);
        heads += 1;
        if (heads === 1) await putFile(target, key, IMAGE.toUpperCase());
        return object;
      };
    },
  });
  const headers = { range: "bytes=10-12", "if-range": `"${await sha256(IMAGE)}"` };
  const response = await standaloneBakery({ BUCKET: racing }).fetch(IMAGE_PATH, { headers });
  expect(response.status).toBe(200);
  expect(new TextDecoder().decode(await response.bytes())).toBe(IMAGE.toUpperCase());
});

describe("a version with a plus sign", () => {
  const key = "k3s-v1.32.2+k3s1/k3s-v1.32.2+k3s1-arm64.raw";
  test.each(["+", "%2B", "%2b"])("is found when it is written %s", async (plus) => {
    await putFile(bucket, key, IMAGE);
    const path = `/extensions/k3s/k3s-v1.32.2${plus}k3s1-arm64.raw`;
    expect(await get(path)).toMatchObject({ status: 200, body: IMAGE });
  });
});

describe("what is not there", () => {
  const absent = [
    ["/extensions/k3s/k3s-v1.32.2+k3s1-arm64.raw", "no-store"],
    ["/extensions/k3s.conf", "no-store"],
    ["/extensions/k3s/k3s-v1.32.conf", "no-store"],
    ["/extensions/k3s/SHA256SUMS", "public, max-age=60"],
    ["/extensions/SHA256SUMS", "public, max-age=60"],
  ] as const;
  test.each(absent)("%s is 404 in a bakery of its own", async (path, cacheControl) => {
    const answer = await get(path);
    expect(answer.status).toBe(404);
    expect(answer.body).toMatch(/^[^\n]+\n$/);
    expect(answer.headers.get("cache-control")).toBe(cacheControl);
  });
  test.each(absent)("%s is GitHub's where GitHub is configured", async (path, cacheControl) => {
    const response = await bakery().fetch(path);
    expect(response.status).toBe(302);
    expect(response.headers.get("location")).toMatch(
      /^https:\/\/github\.com\/flatcar\/sysext-bakery\/releases\/download\//,
    );
    expect(response.headers.get("cache-control")).toBe(cacheControl);
  });

  test.each([
    "/extensions/k3s/SHA256SUMS.gpg",
    "/extensions/k3s/SHA256SUMS.asc",
    "/extensions/k3s/SHA256SUMS.sha256.asc",
    "/extensions/SHA256SUMS.gpg",
    "/extensions/k3s/releases.json",
    "/extensions/k3s-v1/release.json",
  ])("%s is 404 whatever is configured", async (path) => {
    const response = await bakery().fetch(path);
    expect(response.status).toBe(404);
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  test("the answer says where to look", async () => {
    const { body } = await get("/extensions/k3s/k3s-v1.32.2+k3s1-arm64.raw");
    expect(body).toBe("k3s-v1.32.2+k3s1-arm64.raw is not published here: /extensions/k3s/SHA256SUMS lists what is\n");
  });
});

test("a bakery without a bucket redirects what GitHub may have, and has noop.conf", async () => {
  const { fetch } = bakery({ BUCKET: undefined, INDEX_KV: undefined });
  expect((await fetch(IMAGE_PATH)).headers.get("location")).toMatch(/\/kubernetes-v1\.32\.2-x86-64\.raw$/);
  expect((await fetch(INDEX_PATH)).headers.get("location")).toMatch(/\/kubernetes\/SHA256SUMS$/);
  expect((await fetch("/extensions/kubernetes/SHA256SUMS.gpg")).status).toBe(404);
  expect(await (await fetch("/extensions/noop.conf")).text()).toBe(NOOP_TRANSFER);
});

test("a bakery with nothing at all answers 404", async () => {
  const { fetch } = standaloneBakery({ BUCKET: undefined });
  expect((await fetch(IMAGE_PATH)).status).toBe(404);
  expect((await fetch(INDEX_PATH)).status).toBe(404);
});
