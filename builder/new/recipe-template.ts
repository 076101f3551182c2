/** The recipe of a new extension, formatted as `npm run format` would. */
import { FIRST_VERSION, type Spec } from "./spec.ts";

/** biome.json's `lineWidth`. */
const LINE_WIDTH = 120;

/** @param door how the recipe's folder imports `builder/recipe/index.ts` */
export function recipeText(spec: Spec, door: string): string {
  return spec.repository === undefined ? scriptRecipe(spec, door) : githubRecipe(spec, spec.repository, door);
}

export function unitPath(name: string): string {
  return `usr/lib/systemd/system/${name}.service`;
}

function scriptRecipe(spec: Spec, door: string): string {
  return `/** A script, the same for every architecture: it lies under \`files/\`, and nothing is downloaded. */
${imports(["defineExtension", "fixed"], door)}

export default defineExtension({
  description: ${quote(spec.description)},
  homepage: ${quote(spec.homepage)},
  versions: fixed(${quote(FIRST_VERSION)}),
${upholds(spec)}  // Without it the image could be empty and nobody would notice.
${list("  provides: [", [quote(`usr/bin/${spec.name}`), ...providedUnit(spec)], "],")}
  // What \`./bakery test\` runs once it is merged.
${list("  smoke: [", [`{ run: [${quote(spec.name)}], prints: "hello from" }`], "],")}
});
`;
}

function githubRecipe(spec: Spec, repository: string, door: string): string {
  const { name, description, homepage } = spec;
  return `/** A program that its project attaches to its releases on GitHub. */
${imports(["binary", "checksumFile", "defineExtension", "githubAsset", "githubReleases"], door)}

${assignment("const REPOSITORY =", quote(repository), ";")}
const PROGRAM = ${quote(`usr/bin/${name}`)};

export default defineExtension({
  description: ${quote(description)},
${assignment("  homepage:", quote(homepage), ",")}
  // Version ${FIRST_VERSION} is upstream's tag v${FIRST_VERSION}.
  versions: githubReleases(REPOSITORY, { prefix: "v" }),
  publish: ["latest"],
${upholds(spec)}  downloads: ({ tag, goArch }) => {
    // Change what is otherwise upstream: the file's name, and where its checksum stands.
${list("    const url = githubAsset(", ["REPOSITORY", "tag", `\`${name}-linux-\${goArch}\``], ");")}
    return [{ url, verify: checksumFile(\`\${url}.sha256\`), install: binary(PROGRAM) }];
  },
  // Without it the image could be empty and nobody would notice.
${list("  provides: [", ["PROGRAM", ...providedUnit(spec)], "],")}
  // What \`./bakery test\` runs once it is merged.
${list("  smoke: [", [`{ run: [${quote(name)}, "--version"] }`], "],")}
});
`;
}

function upholds({ name, service }: Spec): string {
  return service ? `  upholds: [${quote(`${name}.service`)}],\n` : "";
}

function providedUnit({ name, service }: Spec): string[] {
  return service ? [quote(unitPath(name))] : [];
}

function imports(names: readonly string[], door: string): string {
  const line = `import { ${names.join(", ")} } from ${quote(door)};`;
  return line.length <= LINE_WIDTH ? line : `import {\n${lines(names, "  ")}} from ${quote(door)};`;
}

/** In one line where it fits, else an item in each. */
function list(open: string, items: readonly string[], close: string): string {
  const line = `${open}${items.join(", ")}${close}`;
  if (line.length <= LINE_WIDTH) return line;
  const indent = " ".repeat(open.search(/\S/));
  return `${open}\n${lines(items, `${indent}  `)}${indent}${close}`;
}

function lines(items: readonly string[], indent: string): string {
  return items.map((item) => `${indent}${item},\n`).join("");
}

/** In one line where it fits, else the value in one of its own. */
function assignment(target: string, value: string, end: string): string {
  const line = `${target} ${value}${end}`;
  const indent = " ".repeat(target.search(/\S/));
  return line.length <= LINE_WIDTH ? line : `${target}\n${indent}  ${value}${end}`;
}

/** A string literal, in those quotes of which the text has fewer. */
function quote(text: string): string {
  const count = (character: string) => text.split(character).length;
  const literal = JSON.stringify(text);
  if (count('"') <= count("'")) return literal;
  return `'${literal.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}
