/** What a push to extensions/ sets off, step by step as the workflow has it: the bakery tells what READMEs say. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseExtensionProfile } from "../../schema/index.ts";
import type { LocalBakery } from "../../scripts/local-bakery.ts";
import { type ActionsTokens, actionsTokens } from "../support/actions-tokens.ts";
import { Workplace } from "../support/bakery.ts";
import { cleanCheckout } from "../support/checkout.ts";
import { localBakery } from "../support/local-bakery.ts";
import { freePort } from "../support/ports.ts";
import { writeRelease } from "../support/synthetic-release.ts";
import { Mirror } from "../support/upstreams/mirror.ts";
import { readWorkflow, runWorkflow } from "../support/workflow.ts";

const RECIPE = `import { defineExtension, file, fixed } from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "For tests",
  homepage: "https://example.org",
  versions: fixed("1.0.0"),
  tree: () => [file("usr/share/tool", "")],
  provides: ["usr/share/tool"],
});
`;

let tokens: ActionsTokens;
let mirror: Mirror;
let bakery: LocalBakery;
let workplace: Workplace;
let folder: string;
beforeAll(async () => {
  tokens = await actionsTokens(() => mirror.url);
  mirror = await Mirror.open(tokens.hosts);
  const port = await freePort();
  const vars = { ...tokens.varsOf(`http://127.0.0.1:${port}`, mirror.url), INDEX_TTL_SECONDS: "0" };
  bakery = await localBakery({ vars, port });
  workplace = await Workplace.open();
  folder = await cleanCheckout();
  for (const extension of ["tool", "unreleased"]) await write(extension, "recipe.ts", RECIPE);
  await publish("tool");
}, 60_000);
afterAll(async () => {
  await bakery.stop();
  await mirror[Symbol.asyncDispose]();
  await workplace[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function write(extension: string, file: string, text: string): Promise<void> {
  await mkdir(join(folder, "extensions", extension), { recursive: true });
  await writeFile(join(folder, "extensions", extension, file), text);
}

async function publish(extension: string): Promise<void> {
  const path = await writeRelease(workplace.file(extension), extension, "1.0.0", { described: true });
  const args = ["publish", dirname(path), "--to", bakery.url, "--no-wait"];
  expect(await workplace.run(args, { BAKERY_TOKEN: bakery.token })).toMatchObject({ exitCode: 0 });
}

async function push() {
  const workflow = await readWorkflow(join(folder, ".github/workflows/describe.yml"));
  return runWorkflow(workflow, {
    folder,
    contexts: () => ({ vars: { BAKERY_URL: bakery.url }, secrets: {}, github: {} }),
    env: (environment) => ({
      BAKERY_TOKEN: "",
      BAKERY_CACHE: workplace.cache,
      ...(environment === "release" && tokens.envOf(mirror.url)),
    }),
  });
}

async function readmeOf(extension: string): Promise<string | undefined> {
  const response = await fetch(`${bakery.url}/extensions/${extension}/extension.json`);
  return parseExtensionProfile(await response.text()).readme;
}

it("tells the bakery what READMEs say now, of extensions that it has", async () => {
  await write("tool", "README.md", "# tool\n\nTold by a push.\n");
  const { steps, results } = await push();
  expect(steps).toMatchObject([{ exitCode: 0 }]);
  expect(results).toEqual({ describe: "success" });
  expect(steps[0]?.output).toMatch(/^tool +1\.0\.0 +described$/m);
  expect(steps[0]?.output).not.toContain("unreleased");
  expect(await readmeOf("tool")).toContain("Told by a push.");
}, 60_000);
