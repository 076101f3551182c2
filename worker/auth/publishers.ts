/**
 * `PUBLISHERS`: which pipelines may publish what, one to a line:
 *
 *     repository=acme/bakery repository_owner_id=1234 ref=refs/heads/main environment=release extensions=k3s,cri-*
 *
 * Claims are those of GitHub's tokens and are compared as they are, without patterns. The owner's number is demanded
 * because names can be taken by others once they are given up.
 *
 * https://docs.github.com/en/actions/reference/security/oidc
 */
import { isExtensionName } from "../../schema/index.ts";

export const RIGHTS = ["publish", "maintain"] as const;
/** Publishing adds; to maintain is to withdraw, list again and delete. */
export type Right = (typeof RIGHTS)[number];

const REQUIRED_CLAIMS = ["repository", "repository_owner_id"] as const;
/** Without one of these, whoever can push any branch could publish. */
const NARROWING_CLAIMS = ["ref", "job_workflow_ref", "environment"] as const;
export const CLAIMS = [...REQUIRED_CLAIMS, ...NARROWING_CLAIMS] as const;
export type ClaimName = (typeof CLAIMS)[number];
export type Claims = Readonly<Partial<Record<ClaimName, string>>>;

export interface PublisherRule {
  readonly claims: Claims;
  /** Names; `cri-*` for all that begin so; `*` for all */
  readonly extensions: readonly string[];
  readonly may: readonly Right[];
}

const KEYS: readonly string[] = [...CLAIMS, "extensions", "may"];

/** @throws Error naming the line */
export function parsePublishers(text: string): PublisherRule[] {
  const rules = text.split("\n").flatMap((line, at) => {
    const words = line.replace(/#.*$/, "").split(/\s+/).filter(Boolean);
    return words.length === 0 ? [] : [parseRule(words, (problem) => invalid(`line ${at + 1}: ${problem}`))];
  });
  if (rules.length === 0) throw invalid("it has no line");
  return rules;
}

function parseRule(words: readonly string[], problem: (problem: string) => Error): PublisherRule {
  const values = new Map<string, string>();
  for (const word of words) {
    const [, key = word, value = ""] = /^([^=]*)=(.*)$/.exec(word) ?? [];
    if (!KEYS.includes(key)) throw problem(`${JSON.stringify(key)} is none of ${KEYS.join(", ")}`);
    if (value === "") throw problem(`${key} has no value`);
    if (values.has(key)) throw problem(`${key} is there twice`);
    values.set(key, value);
  }

  for (const key of [...REQUIRED_CLAIMS, "extensions"]) if (!values.has(key)) throw problem(`it has no ${key}`);
  if (!NARROWING_CLAIMS.some((key) => values.has(key))) {
    throw problem(`it needs one of ${NARROWING_CLAIMS.join(", ")}, or any branch could publish`);
  }
  const claims = Object.fromEntries(CLAIMS.flatMap((key) => (values.has(key) ? [[key, values.get(key)]] : [])));
  const wildcard = Object.entries(claims).find(([, value]) => value?.includes("*"));
  if (wildcard !== undefined) throw problem(`${wildcard[0]} is compared as it is, there are no patterns`);
  const extensions = listOf(values.get("extensions"));
  const wrong = extensions.find((pattern) => !isPattern(pattern));
  if (wrong !== undefined)
    throw problem(`extensions: ${JSON.stringify(wrong)} is no name of an extension, nor a pattern`);
  const may = listOf(values.get("may") ?? "publish");
  const unknown = may.find((right) => !isRight(right));
  if (unknown !== undefined) throw problem(`may: ${JSON.stringify(unknown)} is none of ${RIGHTS.join(", ")}`);
  return { claims, extensions, may: may.filter(isRight) };
}

/** Whether a token's claims are those of a rule. */
export function matches({ claims }: PublisherRule, presented: Claims): boolean {
  return CLAIMS.every((name) => claims[name] === undefined || claims[name] === presented[name]);
}

export function allows({ extensions, may }: PublisherRule, right: Right, extension: string): boolean {
  const isCovered = (pattern: string) =>
    pattern.endsWith("*") ? extension.startsWith(pattern.slice(0, -1)) : extension === pattern;
  return may.includes(right) && extensions.some(isCovered);
}

function isPattern(text: string): boolean {
  return text === "*" || (text.endsWith("-*") ? isExtensionName(text.slice(0, -2)) : isExtensionName(text));
}

function isRight(text: string): text is Right {
  return RIGHTS.some((right) => right === text);
}

function listOf(text = ""): string[] {
  return text.split(",").filter(Boolean);
}

function invalid(problem: string): Error {
  return new Error(`the variable PUBLISHERS is wrong: ${problem}`);
}
