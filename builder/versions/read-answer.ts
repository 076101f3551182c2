/** Makes sense of what upstreams answer: JSON and YAML of a known shape, and the link to the next page. */
import * as v from "valibot";
import { parse as parseYaml, YAMLError } from "yaml";
import { UpstreamError } from "../system/errors.ts";
import type { Answer } from "./answers.ts";

/** As much of an answer as shows what it is. Characters. */
const SHOWN = 60;

/**
 * @param who answers: `GitHub's API`
 * @throws UpstreamError for what is no JSON, or of another shape
 */
export function readJson<const S extends v.GenericSchema>(answer: Answer, schema: S, who: string): v.InferOutput<S> {
  try {
    return check(JSON.parse(answer.bytes.toString("utf8")), schema, answer.url, who);
  } catch (cause) {
    throw cause instanceof SyntaxError ? notIn("JSON", answer, who, cause) : cause;
  }
}

/** As `readJson`. Every scalar is a text: `1.30` is no number that could lose its zero. */
export function readYaml<const S extends v.GenericSchema>(answer: Answer, schema: S, who: string): v.InferOutput<S> {
  try {
    const value = parseYaml(answer.bytes.toString("utf8"), { schema: "failsafe", logLevel: "error" });
    // Most pages are YAML too: one long text.
    if (typeof value === "string") throw notIn("YAML", answer, who);
    return check(value, schema, answer.url, who);
  } catch (cause) {
    throw cause instanceof YAMLError ? notIn("YAML", answer, who, cause) : cause;
  }
}

/** @throws UpstreamError naming what is of another shape */
export function check<const S extends v.GenericSchema>(
  value: unknown,
  schema: S,
  url: string,
  who: string,
): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const where = v.getDotPath(result.issues[0]) ?? "the answer";
  throw new UpstreamError(`unexpected answer of ${who}`, {
    details: { url, problem: `${where}: ${result.issues[0].message}` },
  });
}

/** RFC 8288: where the list goes on; undefined at its end. */
export function nextPage({ url, link = "" }: Answer): string | undefined {
  const target = /<(?<target>[^>]+)>;\s*rel="next"/.exec(link)?.groups?.target;
  return target === undefined ? undefined : (URL.parse(target, url)?.href ?? target);
}

/** Portals and proxies answer with a page where an API is asked. */
function notIn(format: string, { url, bytes }: Answer, who: string, cause?: Error): UpstreamError {
  const begins = bytes.toString("utf8").trimStart().slice(0, SHOWN).split("\n")[0] ?? "";
  return new UpstreamError(`the answer of ${who} is not ${format}`, {
    details: { url, begins },
    hint: "open the URL: something in between may answer in its place",
    cause,
  });
}
