/**
 * Who may import whom: the table of ARCHITECTURE.md, held against the import statements of the source. It reads text,
 * not types, so it also sees what is imported for its types alone, and works where nothing compiles yet.
 */
import { dirname, join } from "node:path/posix";

/** What a folder may import besides its own files. */
interface Rule {
  /** Files of the project, and folders, which end in a slash; `any` for all that are not private to others. */
  readonly project: readonly string[] | "any";
  /** Packages; what ends in a colon is a scheme, as in `node:fs`. */
  readonly packages: readonly string[] | "any";
  /** Whether its files may import each other. */
  readonly own: boolean;
}

const RULES: Readonly<Record<string, Rule>> = {
  schema: { project: [], packages: ["valibot", "@valibot/to-json-schema", "yaml"], own: true },
  worker: {
    project: ["schema/index.ts", "docs/"],
    packages: ["hono", "jose", "marked", "cloudflare:"],
    own: true,
  },
  builder: {
    project: ["schema/index.ts"],
    packages: ["node:", "commander", "diff", "openpgp", "tar", "valibot", "yaml", "yauzl"],
    own: true,
  },
  // Not even a neighbour's files or a file beside it: a recipe is one file, for that is what the inputs' digest is of.
  extensions: { project: ["builder/recipe/index.ts"], packages: [], own: false },
  scripts: { project: "any", packages: "any", own: true },
  bench: { project: "any", packages: "any", own: true },
};

/** Folders with one door: nobody outside imports another file of them. */
const DOORS: Readonly<Record<string, string>> = { schema: "schema/index.ts" };
/** Folders that nobody imports. */
const PRIVATE = ["scripts", "bench"];
/** The one file that loads recipes, and so the one that imports what only a running program knows. */
const CATALOG = "builder/catalog.ts";

export interface ImportStatement {
  /** Undefined where it is computed: `import(path)`. */
  readonly specifier: string | undefined;
  readonly line: number;
  readonly dynamic: boolean;
}

/**
 * @param files path from the project's root, `builder/cli.ts`, to source
 * @returns one line for each import that the table does not allow
 */
export function importProblems(files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([file, source]) =>
    importsOf(source).flatMap((statement) => {
      const problem = problemOf(file, statement);
      return problem === undefined ? [] : [`${file}:${statement.line}: ${problem}`];
    }),
  );
}

function problemOf(file: string, { specifier, dynamic }: ImportStatement): string | undefined {
  const folder = folderOf(file);
  const rule = RULES[folder];
  if (rule === undefined) return `${folder} is in no table of who may import whom`;

  if (specifier === undefined) {
    const allowed = file === CATALOG || rule.project === "any";
    return allowed ? undefined : `imports what is computed; only ${CATALOG} may, which loads recipes`;
  }
  if (!specifier.startsWith(".")) {
    const allowed = rule.packages === "any" || rule.packages.some((name) => isOf(name, specifier));
    return allowed ? undefined : `imports ${specifier}; ${folder} may import ${listOf(rule.packages)}`;
  }

  const target = join(dirname(file), specifier).replace(/\?.*$/, "");
  const targetFolder = folderOf(target);
  if (targetFolder === folder) return rule.own ? undefined : `imports ${target}; ${onlyOf(rule, folder)}`;
  if (target.startsWith("../")) return `imports ${target}, which is outside of the project`;
  if (PRIVATE.includes(targetFolder)) return `imports ${target}; nobody imports ${targetFolder}`;
  if (DOORS[targetFolder] !== undefined && DOORS[targetFolder] !== target) {
    return `imports ${target}; the door of ${targetFolder} is ${DOORS[targetFolder]}`;
  }
  if (targetFolder === "extensions" && rule.project !== "any") {
    return file === CATALOG && dynamic ? undefined : `imports ${target}; only ${CATALOG} loads recipes, dynamically`;
  }
  const allowed = rule.project === "any" || rule.project.some((one) => one === target || isIn(one, target));
  return allowed ? undefined : `imports ${target}; ${onlyOf(rule, folder)}`;
}

function onlyOf({ project }: Rule, folder: string): string {
  return `${folder} may import ${listOf(project)} of the project`;
}

function listOf(names: readonly string[] | "any"): string {
  return names === "any" ? "anything" : names.join(", ") || "nothing";
}

function isOf(name: string, specifier: string): boolean {
  return name.endsWith(":") ? specifier.startsWith(name) : specifier === name || specifier.startsWith(`${name}/`);
}

function isIn(folder: string, path: string): boolean {
  return folder.endsWith("/") && path.startsWith(folder);
}

function folderOf(path: string): string {
  return path.split("/", 1)[0] ?? "";
}

const IMPORT = new RegExp(
  [
    // import "x"; import x, { type y } from "x"; export * from "x". No other statement has only names before `from`.
    String.raw`(?<![\w$.#])(?:import|export)\b(?:[\w$\s{},*]*?\bfrom)?\s*(?<quote>["'])(?<specifier>[^"'\n]+)\k<quote>`,
    // import("x"), also as a type, and require("x")
    String.raw`(?<![\w$.#])(?:import|require)\s*\(\s*(?:(?<quote2>["'])(?<literal>[^"'\n]+)\k<quote2>\s*[,)])?`,
    // Any other string, so that nothing is looked for within it.
    String.raw`"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'`,
  ].join("|"),
  "g",
);

/** Every import, re-export, `import()` and `require()` of a TypeScript source. */
export function importsOf(source: string): ImportStatement[] {
  const code = withoutProse(source);
  return [...code.matchAll(IMPORT)].flatMap(({ 0: text, index, groups }): ImportStatement[] => {
    if (/^["']/.test(text)) return [];
    const line = code.slice(0, index).split("\n").length;
    if (groups?.specifier !== undefined) return [{ specifier: groups.specifier, line, dynamic: false }];
    return [{ specifier: groups?.literal, line, dynamic: true }];
  });
}

const PROSE = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const STRING = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/y;
const REGEXP = /\/(?![*/])(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const TEMPLATE_TEXT = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)?/y;
/** After these a slash begins a regular expression; after all else it divides. */
const BEFORE_REGEXP = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|await|yield|void|delete))\s*$/;

/** Blanks comments, regular expressions and the text of templates, keeping every line where it is. */
function withoutProse(source: string): string {
  let code = "";
  let at = 0;
  /** For each template that is open, how many braces are open in its `${}`. */
  const braces: number[] = [];

  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(source)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  const blank = (text: string) => {
    code += text.replace(/[^\n]/g, " ");
  };
  const templateText = () => {
    const text = take(TEMPLATE_TEXT) ?? "";
    blank(text);
    if (text.endsWith("${")) braces.push(0);
  };

  while (at < source.length) {
    const prose = take(PROSE);
    if (prose !== undefined) {
      blank(prose);
      continue;
    }
    const string = take(STRING);
    if (string !== undefined) {
      code += string;
      continue;
    }
    const character = source.charAt(at);
    const regexp = character === "/" && BEFORE_REGEXP.test(code.slice(-40)) ? take(REGEXP) : undefined;
    if (regexp !== undefined) {
      // Something must stand for it: what follows it is divided, not begun.
      code += ")".padStart(regexp.length);
      continue;
    }

    at += 1;
    code += character === "`" ? " " : character;
    const open = braces.at(-1);
    if (character === "`") templateText();
    else if (character === "{" && open !== undefined) braces[braces.length - 1] = open + 1;
    else if (character === "}" && open === 0) {
      braces.pop();
      templateText();
    } else if (character === "}" && open !== undefined) braces[braces.length - 1] = open - 1;
  }
  return code;
}
