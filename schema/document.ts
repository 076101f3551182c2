/** Parses JSON documents with valibot schemas; errors name the field as one writes it in code: `images[1].arch`. */
import * as v from "valibot";
import { ARCHES } from "./arch.ts";
import { InvalidInput } from "./invalid-input.ts";
import { EXTENSION_NAME, MAX_EXTENSION_LENGTH, MAX_VERSION_LENGTH, VERSION } from "./names.ts";
import { SHA256 } from "./sha256sums.ts";

/** R2 takes objects up to 5 TiB; what a machine downloads as one image is far smaller. */
const MAX_FILE_SIZE = 64 * 1024 ** 3;

// Patterns and bounds, no functions: so the JSON Schema says all of it (json-schema.ts).
export const extensionName = v.pipe(
  v.string(),
  v.regex(EXTENSION_NAME, "not an extension name"),
  v.maxLength(MAX_EXTENSION_LENGTH),
);
export const version = v.pipe(v.string(), v.regex(VERSION, "not a version"), v.maxLength(MAX_VERSION_LENGTH));
export const arch = v.picklist(ARCHES);
export const sha256 = v.pipe(v.string(), v.regex(SHA256, "not 64 lower-case hex digits"));
export const size = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_FILE_SIZE));
export const timestamp = v.pipe(v.string(), v.isoTimestamp());
export const fileName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9.+_-]*$/, "not a file name"),
  v.maxLength(255),
);
export const url = v.pipe(
  v.string(),
  v.regex(
    /^(?:https?:\/\/|git\+https:\/\/|npm:|deb:|oci:)[^\s]+$/,
    "not an http(s) or git+https URL and no package: npm:, deb:, oci:",
  ),
);

/** OpenPGP signatures have some hundred bytes; those by large keys under a thousand. */
const MAX_SIGNATURE_LENGTH = 16 * 1024;
/** A detached OpenPGP signature, in base64. */
export const signature = v.pipe(
  v.string(),
  v.regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, "not base64"),
  v.minLength(4),
  v.maxLength(MAX_SIGNATURE_LENGTH),
);

/**
 * @param what what the document is, for the error
 * @param json text, or a value that was JSON
 * @throws InvalidInput naming the first wrong field
 */
export function parseDocument<const S extends v.GenericSchema>(
  schema: S,
  what: string,
  json: unknown,
): v.InferOutput<S> {
  const value = typeof json === "string" ? parseJson(what, json) : json;
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new InvalidInput(what, `${fieldPath(issue)}: ${issue.message}`);
}

function parseJson(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidInput(what, `not JSON (${error instanceof Error ? error.message : error})`);
  }
}

function fieldPath({ path }: v.BaseIssue<unknown>): string {
  const steps = (path ?? []).map(({ key }) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`));
  return steps.join("").replace(/^\./, "") || "the document";
}
