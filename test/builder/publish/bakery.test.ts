/** Publishing to a bakery: the real worker, with the R2 and KV of miniflare. */
import { afterAll, beforeAll } from "vitest";
import type { LocalBakery } from "../../../scripts/local-bakery.ts";
import { localBakery } from "../../support/local-bakery.ts";
import { publisherContract } from "./publisher.contract.ts";

let bakery: LocalBakery;

beforeAll(async () => {
  bakery = await localBakery({ vars: { INDEX_TTL_SECONDS: "0" } });
}, 60_000);
afterAll(() => bakery.stop());

publisherContract("a bakery", async () => {
  await bakery.forget();
  return {
    to: bakery.url,
    env: { BAKERY_TOKEN: bakery.token },
    async read(path) {
      const response = await fetch(bakery.url + path);
      const bytes = Buffer.from(await response.arrayBuffer());
      return response.status === 200 ? bytes : undefined;
    },
  };
});
