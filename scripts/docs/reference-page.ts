/** What of `docs/reference.md` follows from the code: commands, operations of the API, fields, variables. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { main } from "../../builder/cli.ts";
import { API_OPERATIONS, releaseManifestJsonSchema } from "../../schema/index.ts";
import { type Block, markdownTable, withBlocks } from "./generated-blocks.ts";

const ENV = fileURLToPath(new URL("../../worker/env.ts", import.meta.url));

export async function referencePage(page: string): Promise<string> {
  return withBlocks(page, [await commands(), operations(), manifest(), await workerVariables()]);
}

async function commands(): Promise<Block> {
  const overview = await helpOf();
  const names = [...overview.matchAll(/^ {2}(?<name>[a-z][a-z-]*) .*$/gm)].map(({ groups }) => groups?.name ?? "");
  const sections = [];
  for (const name of names.filter((one) => one !== "help")) {
    sections.push(`### bakery ${name}\n\n\`\`\`text\n${(await helpOf(name)).trim()}\n\`\`\``);
  }
  return { name: "commands", markdown: sections.join("\n\n") };
}

/** As a terminal shows it to whom no variable is set. */
async function helpOf(...name: string[]): Promise<string> {
  let text = "";
  const screen = {
    write: (chunk: string) => {
      text += chunk;
    },
  };
  await main([...name, "--help"], { stdout: screen, stderr: screen, env: {}, cwd: "/" });
  return text;
}

function operations(): Block {
  const rows = API_OPERATIONS.map(({ method = "get", path, summary, parameters, right }) => [
    `\`${method.toUpperCase()} ${path}\``,
    summary,
    parameters.flatMap(({ in: where, name }) => (where === "query" ? [`\`${name}\``] : [])).join(", "),
    right === undefined ? "anybody" : `who may ${right}`,
  ]);
  return { name: "operations", markdown: markdownTable(["operation", "what", "query", "for"], rows) };
}

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
}

function manifest(): Block {
  const rows = fieldsOf(releaseManifestJsonSchema() as Schema, "");
  return { name: "manifest", markdown: markdownTable(["field", "is", "always there"], rows) };
}

/** Each field below the fields that it is in; `[]` is each entry of a list. */
function fieldsOf({ properties = {}, required = [] }: Schema, prefix: string): string[][] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const path = `${prefix}${name}`;
    const row = [`\`${path}\``, kindOf(schema), required.includes(name) ? "yes" : ""];
    const inner = schema.items === undefined ? schema : schema.items;
    return [row, ...fieldsOf(inner, `${path}${schema.items === undefined ? "." : "[]."}`)];
  });
}

function kindOf({ type, enum: allowed, const: constant, items }: Schema): string {
  if (constant !== undefined) return `\`${JSON.stringify(constant)}\``;
  if (allowed !== undefined) return allowed.map((one) => `\`${one}\``).join(", ");
  if (items?.type !== undefined && items.properties === undefined) return `list of ${items.type}`;
  return type === "array" ? "list" : (type ?? "one of several forms");
}

/** From the comments in `worker/env.ts`: what has none goes with the one above it. */
async function workerVariables(): Promise<Block> {
  const [, body = ""] = /export interface Env \{\n([\s\S]*?)\n\}/.exec(await readFile(ENV, "utf8")) ?? [];
  const rows: string[][] = [];
  let comment = "";
  for (const line of body.split("\n")) {
    comment = /\/\*\* (.*) \*\//.exec(line)?.[1] ?? comment;
    const [, name] = /readonly ([A-Z0-9_]+)\?/.exec(line) ?? [];
    if (name !== undefined) rows.push([`\`${name}\``, comment]);
  }
  return { name: "worker variables", markdown: markdownTable(["variable or binding", "what it is"], rows) };
}
