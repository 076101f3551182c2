/** The documents say what is so: commands, options, paths and variables exist, links lead somewhere. */
import { glob, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Catalog } from "../builder/catalog.ts";
import * as recipes from "../builder/recipe/index.ts";
import { API_OPERATIONS, parsePublicPath } from "../schema/index.ts";
import { referencePage } from "../scripts/docs/reference-page.ts";
import { Workplace } from "./support/bakery.ts";
import { blocksOf } from "./support/documents/blocks.ts";
import { importsOf } from "./support/import-rules.ts";
import { MACHINE_TESTS, MORE_ON_MACHINES } from "./support/machine-tests.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const pages: { page: string; text: string }[] = [];
for await (const page of glob(["*.md", "docs/*.md", "extensions/*/README.md"], { cwd: ROOT })) {
  pages.push({ page, text: await readFile(join(ROOT, page), "utf8") });
}
const extensions = await new Catalog().names();
const { scripts } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { scripts: object };
const reference = await readFile(join(ROOT, "docs/reference.md"), "utf8");

describe.each(pages)("$page", ({ page, text }) => {
  // A command may go on in the next line.
  const commands = text.replaceAll("\\\n", " ").split("\n");

  it("shows commands of ./bakery that exist, with options that exist", async () => {
    await using workplace = await Workplace.open();
    for (const command of commands.flatMap((line) => /\.\/bakery ([a-z].*)/.exec(line)?.[1] ?? [])) {
      const [verb = "", name = ""] = command.split(" ");
      if (verb === "help") continue;
      // An extension may have options of its own.
      const named = extensions.includes(name) ? [name] : [];
      const { exitCode, stdout } = await workplace.run([verb.replace(/\W+$/, ""), ...named, "--help"]);
      expect(exitCode, command).toBe(0);
      for (const option of command.match(/(?<= )--[a-z-]+/g) ?? []) expect(stdout, command).toContain(option);
    }
  });

  it("names scripts of npm that exist", () => {
    for (const [, name] of text.matchAll(/npm (?:run )?(start|test|(?<=run )[a-z]+(?:[:-][a-z]+)*)/g)) {
      expect(Object.keys(scripts)).toContain(name);
    }
  });

  it("asks bakeries for paths that they have", () => {
    for (const [, path = ""] of text.matchAll(/(?:https:\/\/extensions\.example\.org|\$bakery)(\/[^\s'"`)]+)/g)) {
      expect(isServed(path), path).toBe(true);
    }
  });

  it("links to files and headings that are there", async () => {
    for (const [, target = "", fragment] of text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)) {
      const file = target === "" ? page : join(dirname(page), target);
      await expect(stat(join(ROOT, file)), target).resolves.toBeDefined();
      if (fragment !== undefined)
        expect(anchorsOf(await readFile(join(ROOT, file), "utf8")), target).toContain(fragment);
    }
  });
});

it("each document is a page of the worker's, but the list of extensions, which its catalogue is", async () => {
  const shown = importsOf(await readFile(join(ROOT, "worker/documentation/documents.ts"), "utf8"));
  const documents = pages
    .map(({ page }) => page)
    .filter((page) => page.startsWith("docs/") && page !== "docs/extensions.md");
  expect(shown.map(({ specifier }) => specifier?.replace(/^(?:\.\.\/)+/, "")).sort()).toEqual(documents.sort());
});

it("CONTRIBUTING.md says of each test of whole machines what it tries", async () => {
  const text = pages.find(({ page }) => page === "CONTRIBUTING.md")?.text ?? "";
  const said = [...text.matchAll(/^\| `(test\/\S+)` \| \S/gm)].map(([, file]) => file);
  expect(said.sort()).toEqual([...MACHINE_TESTS, ...MORE_ON_MACHINES].sort());
  for (const file of said) await expect(stat(join(ROOT, file ?? "")), file).resolves.toBeDefined();
});

it("docs/add-an-extension.md shows builds that recipes can have", async () => {
  const blocks = await blocksOf("add-an-extension.md");
  const { text = "" } = blocks.find(({ language }) => language === "ts") ?? {};
  // What is left out of them is the reader's.
  const builds = text
    .replace("sha256:…", `sha256:${"0".repeat(64)}`)
    .replace("{ … }", "{}")
    .split(/^(?=build: )/m);
  const kinds = builds.slice(1).map((build) => {
    const made = new Function(...Object.keys(recipes), `return ({ ${build} }).build();`)(...Object.values(recipes));
    return (made as { kind: string }[]).map(({ kind }) => kind).join();
  });
  expect(kinds).toEqual(["flix", "flatwrap", "container", "code"]);
});

describe("docs/reference.md", () => {
  it("is what npm run docs makes of it", async () => {
    expect(await referencePage(reference)).toBe(reference);
  });

  it("has every variable that the command line reads, and no other", async () => {
    const [, section = ""] = reference.split("\n## Variables of the command line\n");
    const said = (section.split("\n## ")[0] ?? "").split("\n").flatMap((line) => namesIn(line.split(" | ")[0] ?? ""));
    const read = new Set<string>();
    for await (const path of glob("{builder,scripts}/**/*.ts", { cwd: ROOT })) {
      const code = await readFile(join(ROOT, path), "utf8");
      for (const [, name = ""] of code.matchAll(/\benv\.([A-Z][A-Z0-9_]+)/g)) read.add(name);
      for (const [, names = ""] of code.matchAll(/\{([^{}]*)\}(?::[^=,]*)? = env\b/g)) {
        for (const name of namesIn(names)) read.add(name);
      }
      for (const [, names = ""] of code.matchAll(/\{([^{}]*)\}: NodeJS\.ProcessEnv/g)) {
        for (const name of namesIn(names)) read.add(name);
      }
    }
    for (const name of NOT_OPERATORS) read.delete(name);
    expect(said.sort()).toEqual([...read].sort());
  });
});

/** Every process has them, or they are of the programs that are wrapped and of the tests. */
const NOT_OPERATORS = [
  "PATH",
  "HOME",
  "TERM",
  "CI",
  "HOST",
  "CHROOT",
  "EXTRALIBS",
  "BAKERY_TEST_MACHINES",
  "XDG_CACHE_HOME",
];

function namesIn(text: string): string[] {
  return text.match(/\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b/g) ?? [];
}

const PAGES = /^\/(?:readyz|healthz|feed\.atom|feed\.json|catalogue\/.+)$/;
const API = API_OPERATIONS.map(({ path }) => new RegExp(`^/api/v1${path.replaceAll(/\{[a-z]+\}/g, "[^/]+")}$`));

function isServed(path: string): boolean {
  // What a transfer file follows is a folder: machines ask for the index in it.
  const { pathname } = new URL(path.replace(/\/$/, "/SHA256SUMS"), "https://extensions.example.org");
  if (path === "/" || PAGES.test(pathname) || pathname === "/api/v1/openapi.json") return true;
  return API.some((pattern) => pattern.test(pathname)) || parsePublicPath(pathname) !== undefined;
}

/** As GitHub makes them of headings. */
function anchorsOf(markdown: string): string[] {
  const prose = markdown.replaceAll(/^```[\s\S]*?^```$/gm, "");
  return [...prose.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
