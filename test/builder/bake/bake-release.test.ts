/** A whole release in a folder: what the same inputs made before is kept, and nothing else. */
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { bakeRelease } from "../../../builder/bake/bake-release.ts";
import { kitchenFrom } from "../../../builder/bake/kitchen.ts";
import { Catalog, type Extension } from "../../../builder/catalog.ts";
import { openRelease } from "../../../builder/publish/publisher.ts";
import { file } from "../../../builder/recipe/index.ts";
import { FIXTURES, Workplace } from "../../support/bakery.ts";

const IMAGE = "greeter-1.0.0-arm64.raw";

async function open() {
  const workplace = await Workplace.open();
  const kitchen = kitchenFrom({ BAKERY_CACHE: workplace.file("cache") });
  const greeter = await new Catalog(FIXTURES).load("greeter");
  const bake = (extension: Extension = greeter, bakeryUrl = "https://a.example") =>
    bakeRelease(
      extension,
      { version: "1.0.0", hosting: { bakeryUrl }, circumstances: { builtAt: new Date() } },
      workplace.path,
      kitchen,
    );
  const bakedAt = async () => (await stat(workplace.file(IMAGE))).mtimeMs;
  return { workplace, greeter, bake, bakedAt, [Symbol.asyncDispose]: () => workplace[Symbol.asyncDispose]() };
}

it("has an image for each architecture, and can be published", async () => {
  await using at = await open();
  const manifest = await at.bake();
  expect(manifest.images.map(({ arch }) => arch)).toEqual(["x86-64", "arm64"]);
  expect((await openRelease(at.workplace.path)).manifest).toEqual(manifest);
});

it("is not baked again from the same inputs", async () => {
  await using at = await open();
  const before = await at.bake();
  const bakedAt = await at.bakedAt();
  expect(await at.bake()).toEqual(before);
  expect(await at.bakedAt()).toBe(bakedAt);
});

it("is baked again when an input, or the image itself, is another", async () => {
  await using at = await open();
  const before = await at.bake();
  const other = {
    ...at.greeter,
    recipe: { ...at.greeter.recipe, tree: () => [file("usr/share/greeter/version", "x")] },
  };
  expect((await at.bake(other)).images[0]?.sha256).not.toBe(before.images[0]?.sha256);

  await at.bake();
  const image = await readFile(at.workplace.file(IMAGE));
  await writeFile(at.workplace.file(IMAGE), image.fill(0));
  const { images } = await at.bake();
  expect(images).toEqual(before.images);
  expect((await openRelease(at.workplace.path)).manifest.images).toEqual(before.images);
});

it("names another bakery in its transfer file without baking again", async () => {
  await using at = await open();
  await at.bake();
  const bakedAt = await at.bakedAt();
  await at.bake(at.greeter, "https://b.example");
  expect(await readFile(at.workplace.file("greeter.conf"), "utf8")).toContain(
    "Path=https://b.example/extensions/greeter/",
  );
  expect((await openRelease(at.workplace.path)).manifest.transfers).toHaveLength(1);
  expect(await at.bakedAt()).toBe(bakedAt);
});

it("has its transfer files again where one was deleted", async () => {
  await using at = await open();
  await at.bake();
  const before = await readFile(at.workplace.file("greeter.conf"), "utf8");
  await rm(at.workplace.file("greeter.conf"));
  await at.bake();
  expect(await readFile(at.workplace.file("greeter.conf"), "utf8")).toBe(before);
});
