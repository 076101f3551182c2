/** What a new extension is to be, checked so that its words can stand in TypeScript, Markdown and a unit file. */
import type { Repository } from "../recipe/index.ts";
import { UsageError } from "../system/errors.ts";

export interface Spec {
  readonly name: string;
  readonly description: string;
  readonly homepage: string;
  /** Whose releases have the program; undefined: a script under `files/`. */
  readonly repository?: Repository | undefined;
  /** Whether a unit runs the program. */
  readonly service: boolean;
}

/** As on a command line. */
export interface SpecOptions {
  readonly github?: string | undefined;
  readonly description?: string | undefined;
  readonly homepage?: string | undefined;
  readonly service?: boolean | undefined;
}

/** The version that a new extension is baked at first. */
export const FIRST_VERSION = "1.0.0";

/** Bytes are no fewer than columns, so what fits a line of the recipe by bytes fits it in every script. */
const MAX_BYTES = 100;
/** GitHub's own limits: 39 characters and 100; a name of dots alone is none. */
const REPOSITORY = /^[A-Za-z0-9][A-Za-z0-9_-]{0,38}\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/;

/** @throws UsageError for what cannot be written down */
export function parseSpec(name: string, options: SpecOptions): Spec {
  const repository = options.github === undefined ? undefined : parseRepository(options.github);
  const placeholder = repository === undefined ? "Prints a greeting" : "One line that says what it is";
  const page = repository === undefined ? `https://example.org/${name}` : `https://github.com/${repository}`;
  return {
    name,
    description: options.description === undefined ? placeholder : parseDescription(options.description),
    homepage: options.homepage === undefined ? page : parseHomepage(options.homepage),
    repository,
    service: options.service ?? false,
  };
}

function parseRepository(text: string): Repository {
  if (!REPOSITORY.test(text)) {
    const hint = "owner and name alone, as in docker/compose";
    throw new UsageError(`no repository of GitHub's: ${JSON.stringify(text)}`, { hint });
  }
  return text as Repository;
}

function parseDescription(given: string): string {
  const text = given.trim();
  const refuse = (problem: string, hint: string) => new UsageError(`the description ${problem}`, { hint });
  if (text === "") throw refuse("is empty", "leave --description out, or say what it is");
  if (Buffer.byteLength(text) > MAX_BYTES) {
    throw refuse(`is longer than ${MAX_BYTES} bytes`, "the README has room for more");
  }
  // Line breaks of every script, and what turns text around or hides it.
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(text))
    throw refuse("is not one line of visible text", "the README has room for more");
  // A unit file goes on in the next line there; and in a string this reads as a mistake.
  if (text.endsWith("\\") || text.includes("\x24{"))
    throw refuse("ends in a backslash, or has \x24{", "say it in words");
  return text;
}

/** As URLs are written, and without the characters that mean something in Markdown or a unit's list of URLs. */
function parseHomepage(text: string): string {
  const url = URL.parse(text);
  if (url === null || !["https:", "http:"].includes(url.protocol)) {
    throw new UsageError(`--homepage is no http(s) URL: ${JSON.stringify(text)}`);
  }
  const page = url.href.replace(
    /['()\\{}<>]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  if (page.length > MAX_BYTES) throw new UsageError(`--homepage is longer than ${MAX_BYTES} characters`);
  return page;
}
