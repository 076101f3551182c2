/** A large image passes through the worker piece by piece, as fast as its client takes it. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { standaloneBakery } from "./support/bakery.ts";
import { IMAGE_KEY, IMAGE_PATH, putFile } from "./support/files.ts";

const MIB = 1024 ** 2;
const GIB = 1024 * MIB;

/** A bucket whose image is made while it is read, so that it is known how much of it is on its way. */
function endlessBucket(size: number) {
  const made = { bytes: 0 };
  const body = () =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        if (made.bytes === size) return controller.close();
        made.bytes += MIB;
        controller.enqueue(new Uint8Array(MIB));
      },
    });
  const bucket = new Proxy(env.BUCKET, {
    get: (target, property) => async (key: string) => {
      const object = Reflect.get(target, property) as R2Bucket["get"];
      const found = await object.call(target, key);
      if (found === null || key !== IMAGE_KEY) return found;
      return { ...found, checksums: {}, size, httpEtag: '"x"', uploaded: new Date(), body: body() };
    },
  });
  return { bucket, made };
}

test("of a gibibyte no more than a few pieces are in memory at once", async () => {
  await putFile(env.BUCKET, IMAGE_KEY, "x");
  const { bucket, made } = endlessBucket(GIB);
  const response = await standaloneBakery({ BUCKET: bucket }).fetch(IMAGE_PATH);
  expect(response.headers.get("content-length")).toBe(String(GIB));
  let received = 0;
  let mostAhead = 0;
  for await (const chunk of response.body ?? []) {
    received += chunk.length;
    mostAhead = Math.max(mostAhead, made.bytes - received);
  }
  expect(received).toBe(GIB);
  expect(mostAhead).toBeLessThanOrEqual(4 * MIB);
});

test("what the client does not take is not read", async () => {
  await putFile(env.BUCKET, IMAGE_KEY, "x");
  const { bucket, made } = endlessBucket(GIB);
  const response = await standaloneBakery({ BUCKET: bucket }).fetch(IMAGE_PATH);
  const reader = response.body?.getReader();
  await reader?.read();
  await scheduler.wait(50);
  expect(made.bytes).toBeLessThanOrEqual(4 * MIB);
  await reader?.cancel();
});
