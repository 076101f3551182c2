/** `./bakery man`: all that help says is in the manual page, and every roff reads it. */
import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ENVIRONMENT, manPage } from "../../builder/shell/man-page.ts";
import { Workplace } from "../support/bakery.ts";
import { execute } from "../support/execute.ts";

let workplace: Workplace;
let page: string;
beforeAll(async () => {
  workplace = await Workplace.open();
  page = (await workplace.run(["man"])).stdout;
});
afterAll(() => workplace[Symbol.asyncDispose]());

/** As a terminal shows it, with all blanks alike. */
async function shown(roff: string): Promise<string> {
  const file = workplace.file("bakery.1");
  await writeFile(file, roff);
  const { stdout } = await execute("mandoc", ["-T", "utf8", file], { env: { LC_ALL: "C.UTF-8" } });
  return asOneLine(stdout.replace(/.[\b]/gu, ""));
}

function asOneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}

it("has every command, with every option and all notes of its help", async () => {
  const text = await shown(page);
  const { stdout: overview } = await workplace.run(["--help"]);
  const commands = [...overview.matchAll(/^ {2}([a-z-]+) (?:\[|<)/gm)].map(([, name = ""]) => name);
  expect(commands).toEqual(expect.arrayContaining(["create", "completion", "man", "help"]));
  for (const name of commands.filter((it) => it !== "help")) {
    const { stdout: help } = await workplace.run([name, "--help"]);
    const [usage = "", ...rest] = help.split("\n");
    expect(text).toContain(usage.replace(/^Usage: /, ""));
    for (const words of rest.filter((line) => line !== "Options:").map((line) => asOneLine(line).trim())) {
      // The description begins with a capital letter there, and lines end elsewhere.
      expect(text.toLowerCase(), `${name}: ${words}`).toContain(words.toLowerCase());
    }
  }
});

it("is without fault to mandoc, also with what means something to roff", async () => {
  const odd = { name: "x", term: "[x]", variadic: false, expects: { kind: "anything" } } as const;
  const line = {
    name: "odd",
    summary: ".TH 'is \\fBno\\fR macro",
    options: [],
    commands: [
      {
        name: "x",
        summary: '\'tis "quoted"',
        operands: [odd],
        options: [],
        ofExtensions: [],
        notes: ".so é…\n\n  .in\n  'in",
      },
    ],
  };
  const oddPage = manPage(line, { version: "1.0.0", date: new Date(0) });
  expect(await shown(oddPage)).toMatch(/\.TH 'is \\fBno\\fR macro .*'tis "quoted".* \.so é… \.in 'in/);
  for (const roff of [page, oddPage]) {
    await writeFile(workplace.file("bakery.1"), roff);
    expect((await execute("mandoc", ["-T", "lint", "bakery.1"], { cwd: workplace.path })).stdout).toBe("");
  }
});

it("has the variables of the environment that the reference has", async () => {
  const reference = await readFile(new URL("../../docs/reference.md", import.meta.url), "utf8");
  for (const [variables, meaning] of ENVIRONMENT) {
    const cell = variables
      .split(", ")
      .map((name) => `\`${name}\``)
      .join(", ");
    expect(reference.replaceAll(/(?<=\| .*\| .*)`/g, "")).toContain(`| ${cell} | ${meaning} |`);
  }
});
