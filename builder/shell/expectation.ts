/** What stands for an operand or a value of an option: the word in its brackets says it, as it does to people. */
import { ARCHES, CHOICE_VALUES } from "../../schema/index.ts";
import { CHECKS } from "../bake/checks/check.ts";

export type Expectation =
  /** One of these; a word that ends with `=` goes on behind it. */
  | { readonly kind: "words"; readonly words: readonly string[] }
  /** An extension of this checkout. */
  | { readonly kind: "extension" }
  | { readonly kind: "file" }
  | { readonly kind: "folder" }
  /** What nobody can know, or would have to ask the network for. */
  | { readonly kind: "anything" };

const FILE: Expectation = { kind: "file" };
const FOLDER: Expectation = { kind: "folder" };
const EXTENSION: Expectation = { kind: "extension" };

const EXPECTATIONS: Readonly<Record<string, Expectation>> = {
  arch: expectsWords(ARCHES),
  "true|false": expectsWords(["true", "false"]),
  // Of `./bakery config`, whose help explains each of them.
  format: expectsWords(CHOICE_VALUES.format.map(({ value }) => value)),
  versions: expectsWords(CHOICE_VALUES.follow.map(({ value }) => value)),
  update: expectsWords(CHOICE_VALUES.after.map(({ value }) => value)),
  side: expectsWords(["host", "chroot"]),
  "check>=<reason": expectsWords(CHECKS.map(({ id }) => `${id}=`)),
  extension: EXTENSION,
  // Their names begin with the extension's.
  releases: EXTENSION,
  file: FILE,
  path: FILE,
  image: FILE,
  release: FILE,
  a: FILE,
  b: FILE,
  folder: FOLDER,
  // Places are URLs too, which nobody can know.
  place: FOLDER,
};

const ANYTHING: Expectation = { kind: "anything" };

/** @param placeholder without its brackets: `extension`, `true|false` */
export function expectationOf(placeholder: string): Expectation {
  return EXPECTATIONS[placeholder] ?? ANYTHING;
}

export function expectsWords(words: readonly string[]): Expectation {
  return { kind: "words", words };
}
