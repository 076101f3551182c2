/** The deployment, step by step as the workflow has it, with wrangler as it is and a stand-in for Cloudflare's API. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { LocalBakery } from "../../scripts/local-bakery.ts";
import { cleanCheckout } from "../support/checkout.ts";
import { localBakery } from "../support/local-bakery.ts";
import { FakeCloudflare } from "../support/upstreams/cloudflare.ts";
import { Mirror } from "../support/upstreams/mirror.ts";
import { readWorkflow, runWorkflow } from "../support/workflow.ts";

const TOKEN = "of-cloudflare";
const cloudflare = new FakeCloudflare(TOKEN);
let bakery: LocalBakery;
let mirror: Mirror;
let folder: string;
beforeAll(async () => {
  mirror = await Mirror.open(cloudflare.hosts);
  bakery = await localBakery();
  folder = await cleanCheckout();
});
afterAll(async () => {
  await bakery.stop();
  await mirror[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

function deploy(secrets: Record<string, string>) {
  return readWorkflow(join(folder, ".github/workflows/deploy.yml")).then((workflow) =>
    runWorkflow(workflow, {
      folder,
      contexts: () => ({ vars: { BAKERY_URL: bakery.url }, secrets, github: {} }),
      env: () => ({
        CLOUDFLARE_API_BASE_URL: `${mirror.url}/api.cloudflare.com/client/v4`,
        WRANGLER_SEND_METRICS: "false",
        WRANGLER_LOG_PATH: join(folder, "logs"),
      }),
    }),
  );
}

it("makes what staging needs, then what production needs, and sees that both are ready", async () => {
  const { steps, results } = await deploy({ CLOUDFLARE_API_TOKEN: TOKEN, CLOUDFLARE_ACCOUNT_ID: "a".repeat(32) });
  expect(cloudflare.unknown).toEqual([]);
  expect(steps.filter(({ exitCode }) => exitCode !== 0)).toEqual([]);
  expect(results).toEqual({ staging: "success", production: "success" });
  expect([...cloudflare.scripts.keys()]).toEqual(["sysext-bakery-staging", "sysext-bakery"]);
  expect([...cloudflare.buckets]).toEqual(["sysext-bakery-staging", "sysext-bakery"]);
  for (const [name, { bindings }] of cloudflare.scripts) {
    expect(bindings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: "BUCKET", type: "r2_bucket", bucket_name: name }),
        expect.objectContaining({ name: "INDEX_KV", type: "kv_namespace" }),
      ]),
    );
    expect(cloudflare.schedules.get(name)).not.toHaveLength(0);
  }
}, 120_000);

it("does not go on to production where staging fails", async () => {
  cloudflare.scripts.clear();
  const { results } = await deploy({ CLOUDFLARE_API_TOKEN: "of-somebody", CLOUDFLARE_ACCOUNT_ID: "a".repeat(32) });
  expect(results).toEqual({ staging: "failure", production: "skipped" });
  expect([...cloudflare.scripts]).toEqual([]);
}, 60_000);
