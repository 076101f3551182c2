/** Who may import whom. Folders that are not there yet import nothing. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { importProblems, importsOf } from "./support/import-rules.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FOLDERS = ["schema", "worker", "builder", "extensions", "scripts", "bench"];

function sources(): Map<string, string> {
  const paths = FOLDERS.map((folder) => join(ROOT, folder))
    .filter(existsSync)
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) => join(folder, path)))
    // What an image contains is no source of ours.
    .filter((path) => /\.tsx?$/.test(path) && !/extensions[\\/][^\\/]+[\\/]files[\\/]/.test(relative(ROOT, path)));
  return new Map(paths.map((path) => [relative(ROOT, path).split(sep).join("/"), readFileSync(path, "utf8")]));
}

test("every import of the project is one that the table allows", () => {
  const files = sources();
  expect(files.has("schema/index.ts")).toBe(true);
  expect(importProblems(files)).toEqual([]);
});

test("the schema's imports are all seen: as many as lines that look like one", () => {
  const schema = [...sources()].filter(([path]) => path.startsWith("schema/"));
  for (const [path, source] of schema) {
    const lines = source.match(/^(?:import\b.*|export\b.*|\}) from ".*";$/gm) ?? [];
    expect(importsOf(source), path).toHaveLength(lines.length);
  }
});

describe("an import is reported", () => {
  const report = (path: string, source: string) => importProblems(new Map([[path, source]]));

  test.each([
    ["schema", "builder", 'import { bake } from "../builder/bake/bake.ts";'],
    ["schema", "worker, for a type", 'import type { Env } from "../worker/env.ts";'],
    ["schema", "node:", 'import { readFile } from "node:fs/promises";'],
    ["schema", "cloudflare:", 'import { env } from "cloudflare:workers";'],
    ["schema", "a package that it does not need", 'import { Hono } from "hono";'],
    ["schema", "the tests", 'import "../test/schema/fixture.ts";'],
    ["worker", "builder", 'export { bake } from "../builder/bake/bake.ts";'],
    ["worker", "a recipe", 'import recipe from "../extensions/k3s/recipe.ts";'],
    ["worker", "node:", 'import { createHash } from "node:crypto";'],
    ["worker", "schema by another door", 'import { isVersion } from "../schema/names.ts";'],
    ["worker", "a script", 'import "../scripts/seed.ts";'],
    ["worker", "what is computed", "const x = await import(name);"],
    ["builder", "worker", 'import { app } from "../worker/app.ts";'],
    ["builder", "worker, in a type", 'let app: import("../worker/app.ts").App;'],
    ["builder", "worker, by require", 'const app = require("../worker/app.ts");'],
    ["builder", "hono", 'import { Hono } from "hono";'],
    ["builder", "a builtin without its scheme", 'import fs from "fs";'],
    ["builder", "schema by another door", 'import { isVersion } from "../schema/names.ts";'],
    ["builder", "a recipe", 'const { default: recipe } = await import("../extensions/k3s/recipe.ts");'],
    ["builder", "what is computed", "const recipe = await import(`../extensions/\x24{name}/recipe.ts`);"],
    ["builder", "a bench", 'import "../bench/table.ts";'],
    ["builder", "what is outside of the project", 'import "../../elsewhere/x.ts";'],
    ["scripts", "schema by another door", 'import { isVersion } from "../schema/names.ts";'],
    ["scripts", "a bench", 'import "../bench/table.ts";'],
    ["bench", "a script", 'import "../scripts/seed.ts";'],
    ["misc", "anything, for the table does not know it", 'import "node:fs";'],
  ])("of %s that imports %s", (folder, _, source) => {
    expect(report(`${folder}/x.ts`, `// first line\n${source}\n`)).toEqual([
      expect.stringMatching(new RegExp(`^${folder}/x\\.ts:2: `)),
    ]);
  });

  test.each([
    ["another part of the builder", 'import { run } from "../../builder/system/run.ts";'],
    ["the schema", 'import { isVersion } from "../../schema/index.ts";'],
    ["another recipe", 'import k3s from "../k3s/recipe.ts";'],
    ["a file beside it", 'import { url } from "./url.ts";'],
    ["a package", 'import { extract } from "tar";'],
    ["node:", 'import { join } from "node:path";'],
  ])("of a recipe that imports %s", (_, source) => {
    expect(report("extensions/rke2/recipe.ts", source)).toHaveLength(1);
  });

  test("of the catalog that imports a recipe before it is asked for it", () => {
    expect(report("builder/catalog.ts", 'import k3s from "../extensions/k3s/recipe.ts";')).toEqual([
      "builder/catalog.ts:1: imports extensions/k3s/recipe.ts; only builder/catalog.ts loads recipes, dynamically",
    ]);
  });

  test("with what is allowed in its place", () => {
    expect(report("worker/routes/x.ts", 'import "../../builder/cli.ts"; import fs from "node:fs";')).toEqual([
      "worker/routes/x.ts:1: imports builder/cli.ts; worker may import schema/index.ts, docs/ of the project",
      "worker/routes/x.ts:1: imports node:fs; worker may import hono, jose, marked, cloudflare:",
    ]);
  });
});

describe("an import is allowed", () => {
  test.each([
    ["schema/inventory.ts", 'import * as v from "valibot"; import { x } from "./names.ts";'],
    ["worker/routes/x.tsx", 'import { cors } from "hono/cors"; import "../../schema/index.ts"; import "../env.ts";'],
    ["worker/x.ts", 'import { env } from "cloudflare:workers"; import css from "./style.css?raw";'],
    ["builder/bake/x.ts", 'import "node:fs"; import "../../schema/index.ts"; import "../recipe/index.ts";'],
    ["builder/catalog.ts", 'await import(pathToFileURL(path).href); await import("../extensions/k3s/recipe.ts");'],
    ["extensions/k3s/recipe.ts", 'import { defineExtension } from "../../builder/recipe/index.ts";'],
    ["scripts/seed.ts", 'import "../worker/app.ts"; import "../builder/cli.ts"; import "wrangler"; await import(x);'],
    ["bench/x.ts", 'import "itty-router"; import "../test/support/fake.ts"; import "../schema/index.ts";'],
  ])("in %s: %s", (path, source) => {
    expect(importProblems(new Map([[path, source]]))).toEqual([]);
  });
});

describe("import statements", () => {
  const specifiers = (source: string) => importsOf(source).map(({ specifier }) => specifier);

  test.each([
    ["a default import", 'import x from "a"'],
    ["single quotes", "import x from 'a'"],
    ["a namespace", 'import * as x from "a";'],
    ["several lines", 'import x, {\n  type y,\n  z as $z,\n} from "a";'],
    ["a type", 'import type { X } from "a";'],
    ["a side effect", 'import "a";'],
    ["no blanks", 'import{x}from"a";'],
    ["an attribute", 'import x from "a" with { type: "json" };'],
    ["a comment within", 'import { x /* from "b" */ } from "a"; // from "c"'],
    ["an export", 'export { x } from "a";'],
    ["an export of all", 'export * from "a";'],
    ["an export of types", 'export type { X } from "a";'],
    ["a dynamic import", 'const x = await import("a");'],
    ["a dynamic import with options", 'import("a", { with: {} })'],
    ["a type's import", 'let x: import("a").X;'],
    ["a require", 'require("a")'],
    ["an import within a template's expression", '`\x24{await import("a")} from "b" \x24{{ x: {} }} import "c"`'],
    ["an import after a template", '`it is \x24{`nested \x24{1}`} "`; import "a";'],
    ["an import after a regular expression with quotes", "const q = /[\"'`/]/; const c = 1 / 2; import('a');"],
    ["an import after an URL in a string", 'const url = "https://x"; import "a";'],
    ["an import after a glob in a string", 'const glob = "**/*.ts"; import "a"; /* */'],
    ["an import after an apostrophe in JSX", 'const p = <p>it is o\'clock</p>;\nimport "a";'],
  ])("are seen with %s", (_, source) => {
    expect(specifiers(source)).toEqual(["a"]);
  });

  test("that are computed are seen, without what they import", () => {
    expect(specifiers("import(x); import(`a`); import('a' + b)")).toEqual([undefined, undefined, undefined]);
  });

  test.each([
    ["a line comment", '// import "a";'],
    ["a block comment", '/*\nimport "a";\nexport * from "a" */'],
    ["a string", "const x = 'import \"a\"';"],
    ["a template", 'const x = `import "a";`;'],
    ["import.meta", 'import.meta.resolve("a")'],
    ["a method", 'x.import("a"); x.require("a"); this.#import("a");'],
    ["a name that ends alike", 'reimport("a"); $import("a");'],
    ["an export of its own", 'export const from = "a";\nexport default "a";\nexport type From = "a";'],
    ["an object's field", 'export const x = { from: "a" };'],
    ["a call of that name", 'Array.from("a"); export function f() { return from("a"); }'],
  ])("are not seen in %s", (_, source) => {
    expect(specifiers(source)).toEqual([]);
  });

  test("know their line", () => {
    expect(importsOf('/* a\n b */\n`\n`;\n\nimport {\n  x,\n} from "a";\n')).toEqual([
      { specifier: "a", line: 6, dynamic: false },
    ]);
  });
});
