/** `./bakery plan`: what would be made, shown without asking anybody; golden files that people can read. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { inputsDigest } from "../../builder/bake/inputs.ts";
import { planBake } from "../../builder/bake/plan.ts";
import { Catalog } from "../../builder/catalog.ts";
import { parseRecordedPlanFile, RECORDED_PLANS, recordedBundles } from "../../builder/new/recorded-plan.ts";
import { ARCHES } from "../../schema/index.ts";
import { FIXTURES, Workplace } from "../support/bakery.ts";

const RECORDED = (await readdir(RECORDED_PLANS)).map((file) => ({ file, ...parseRecordedPlanFile(file) }));

it.each(RECORDED)(
  "$file is what the plan of that extension is",
  async ({ file, extension = "", version = "", arch = "" }) => {
    await using workplace = await Workplace.open();
    // Nobody is there to be asked.
    const env = { BAKERY_MIRROR: "http://127.0.0.1:9" };
    const { recipe } = await new Catalog().load(extension);
    const bundles = Object.entries(recordedBundles(recipe)).flatMap((one) => ["--bundle", one.join("=")]);
    const args = ["plan", extension, version, "--arch", arch, ...bundles];
    const { exitCode, stdout, stderr } = await workplace.run(args, env);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    // The digest depends on the version of mksquashfs.
    const text = stdout.replace(/^inputs .*\n/m, "");
    await expect(text).toMatchFileSnapshot(join(RECORDED_PLANS, file));
  },
);

it("every extension has a plan on record for each architecture", async () => {
  const recorded = (name: string) => RECORDED.flatMap(({ extension, arch }) => (extension === name ? [arch] : []));
  for (const name of await new Catalog().names()) {
    expect(new Set(recorded(name)), name).toEqual(new Set(ARCHES));
  }
});

it("--json shows it to programs", async () => {
  await using workplace = await Workplace.open();
  const { stdout } = await workplace.run(["plan", "docker-compose", "2.34.0", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({
    extension: "docker-compose",
    tag: "v2.34.0",
    downloads: [{ verify: { kind: "checksum-file" }, install: { kind: "binary" } }],
    inputsDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

it("the digest changes with every input of the image, and with nothing else", async () => {
  const greeter = await new Catalog(FIXTURES).load("greeter");
  const tools = { mksquashfs: "4.5.1" };
  const request = { version: "1.0.0", arch: "x86-64" } as const;
  const plan = await planBake(greeter, request);
  const digest = inputsDigest(plan, tools);
  expect(inputsDigest(await planBake(greeter, request), tools)).toBe(digest);
  expect(inputsDigest({ ...plan, folder: "/elsewhere", transfers: [] }, tools)).toBe(digest);
  const tried = { ...greeter.recipe, smoke: [{ run: ["greeter"] as const }] };
  expect(inputsDigest(await planBake({ ...greeter, recipe: tried }, request), tools)).toBe(digest);

  const others = await Promise.all([
    planBake(greeter, { ...request, version: "1.2.0" }),
    planBake(greeter, { ...request, arch: "arm64" }),
    planBake(greeter, { ...request, os: "flatcar" }),
    planBake(greeter, { ...request, epoch: 1 }),
    planBake(greeter, { ...request, reload: true }),
    planBake({ ...greeter, recipe: { ...greeter.recipe, upholds: ["x.service"] } }, request),
  ]);
  const changed = others.map((other) => inputsDigest(other, tools));
  const [file] = plan.staticFiles;
  if (file !== undefined) changed.push(inputsDigest({ ...plan, staticFiles: [{ ...file, content: "other" }] }, tools));
  changed.push(inputsDigest(plan, { mksquashfs: "4.6.1" }));
  expect(new Set([digest, ...changed]).size).toBe(changed.length + 1);
});
