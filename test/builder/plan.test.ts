/** `./bakery plan`: what would be made, shown without asking anybody; golden files that people can read. */
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { inputsDigest, planBake } from "../../builder/bake/plan.ts";
import { Catalog } from "../../builder/catalog.ts";
import { FIXTURES, Workplace } from "../support/bakery.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/plans/${name}.txt`, import.meta.url));

it.each([
  ["docker-compose", "2.34.0", "x86-64"],
  ["docker-compose", "2.34.0", "arm64"],
  ["workerd", "1.20261102.1", "x86-64"],
  ["workerd", "1.20261102.1", "arm64"],
  ["_template", "1.2.0", "arm64"],
])("the plan of %s %s for %s is as it was", async (name, version, arch) => {
  await using workplace = await Workplace.open();
  // Nobody is there to be asked.
  const env = { BAKERY_MIRROR: "http://127.0.0.1:9" };
  const { exitCode, stdout, stderr } = await workplace.run(["plan", name, version, "--arch", arch], env);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  // The digest depends on the version of mksquashfs.
  const text = stdout.replace(/^inputs .*\n/m, "");
  await expect(text).toMatchFileSnapshot(fixture(`${name}-${version}-${arch}`));
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
  expect(inputsDigest({ ...plan, filesFolder: "/elsewhere", transfers: [] }, tools)).toBe(digest);

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
