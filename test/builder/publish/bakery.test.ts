/** Publishing to a bakery: the real worker, with the R2 and KV of miniflare. */
import { afterAll, beforeAll } from "vitest";
import { type LocalBakery, startLocalBakery } from "../../../scripts/local-bakery.ts";
import { publisherContract } from "./publisher.contract.ts";

let bakery: LocalBakery;

beforeAll(async () => {
  const vars = { INDEX_TTL_SECONDS: "0", GITHUB_REPOSITORY: "", DOCS_URL: "" };
  bakery = await startLocalBakery({ port: 0, vars });
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
