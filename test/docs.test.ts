/** The documents say what is so: commands and options exist, links lead somewhere. */
import { glob, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Catalog } from "../builder/catalog.ts";
import { Workplace } from "./support/bakery.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const pages: { page: string; text: string }[] = [];
for await (const page of glob(["*.md", "docs/*.md", "extensions/*/README.md"], { cwd: ROOT })) {
  pages.push({ page, text: await readFile(join(ROOT, page), "utf8") });
}
const extensions = await new Catalog().names();
const { scripts } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { scripts: object };

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

  it("links to files that are there", async () => {
    for (const [, target = ""] of text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      await expect(stat(join(ROOT, dirname(page), target)), target).resolves.toBeDefined();
    }
  });
});
