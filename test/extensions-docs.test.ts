/** What documents say of extensions follows from their recipes: `npm run docs` writes it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { Catalog } from "../builder/catalog.ts";
import { butaneBlocksIn, withButaneBlocks } from "../scripts/docs/butane-blocks.ts";
import { extensionsPage } from "../scripts/docs/extensions-page.ts";
import { butane } from "./support/butane-schema.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const MOST_UNVERIFIED = 5;
const catalog = new Catalog();
const extensions = await catalog.all();

describe.each(extensions)("the README of $name", (extension) => {
  const text = readFile(join(extension.folder, "README.md"), "utf8");

  it("has the Butane configuration that follows from its recipe", async () => {
    expect(butaneBlocksIn(await text)).not.toEqual([]);
    expect(await text).toBe(await withButaneBlocks(await text, extension, catalog));
  });

  it("has no YAML that Butane would not know", async () => {
    for (const [, yaml = ""] of (await text).matchAll(/```yaml\n([\s\S]*?)```/g)) {
      const value: unknown = parse(yaml, { version: "1.1" });
      // Not all YAML is Butane's.
      if (typeof value !== "object" || value === null || !("variant" in value)) continue;
      expect(v.safeParse(butane, value).issues ?? []).toEqual([]);
    }
  });
});

const page = await extensionsPage(catalog);

it("docs/extensions.md is what follows from the recipes", async () => {
  expect(await readFile(join(ROOT, "docs/extensions.md"), "utf8")).toBe(page);
});

it("only few recipes leave a byte unverified", () => {
  const open = page.split("\n").filter((line) => line.includes("**nothing**"));
  expect(open.length).toBeLessThanOrEqual(MOST_UNVERIFIED);
});
