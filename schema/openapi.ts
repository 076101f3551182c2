/** The JSON API's OpenAPI document, made of the schemas that answers are held against. */
import { type JsonSchema, toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import * as api from "./api.ts";
import { ARCHES } from "./arch.ts";
import { releaseManifestFields } from "./release-manifest.ts";

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly description: string;
  readonly schema: JsonSchema;
}

export interface ApiOperation {
  /** Below `/api/v1`, parameters in braces */
  readonly path: string;
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  /** Name of the answer's schema */
  readonly answer: keyof typeof ANSWERS;
}

export const MAX_PAGE = 200;
export const DEFAULT_PAGE = 100;

/** What answers are made of, by the name that they have in the document. */
export const ANSWERS = {
  Extensions: api.apiExtensions,
  Extension: api.apiExtension,
  Releases: api.apiReleases,
  Latest: api.apiLatest,
  ReleaseManifest: releaseManifestFields,
  Contents: api.apiContents,
  Error: api.apiError,
} as const satisfies Record<string, v.GenericSchema>;

const text = (name: string, where: Parameter["in"], description: string, schema: JsonSchema = {}): Parameter => ({
  name,
  in: where,
  description,
  schema: { type: "string", ...schema },
});
const EXTENSION = text("extension", "path", "name of an extension, `kubernetes`");
const VERSION = text("version", "path", "version as it stands in file names, `v1.32.2`");
const PAGE = [
  text("cursor", "query", "the `next` of the answer before"),
  {
    ...text("limit", "query", "entries of one answer"),
    schema: { type: "integer", minimum: 1, maximum: MAX_PAGE, default: DEFAULT_PAGE },
  } as const,
];

export const API_OPERATIONS: readonly ApiOperation[] = [
  { path: "/extensions", summary: "All extensions, by name", parameters: PAGE, answer: "Extensions" },
  { path: "/extensions/{extension}", summary: "One extension", parameters: [EXTENSION], answer: "Extension" },
  {
    path: "/extensions/{extension}/releases",
    summary: "Its releases, newest first, with those that were withdrawn",
    parameters: [EXTENSION, ...PAGE],
    answer: "Releases",
  },
  {
    path: "/extensions/{extension}/releases/{version}",
    summary: "The release manifest: what a release contains and what it was made from",
    parameters: [EXTENSION, VERSION],
    answer: "ReleaseManifest",
  },
  {
    path: "/extensions/{extension}/latest",
    summary: "The newest image, as machines that follow the index get it",
    parameters: [
      EXTENSION,
      { ...text("arch", "query", "architecture; x86-64 unless said"), schema: { type: "string", enum: [...ARCHES] } },
      text("series", "query", "of one minor series, `v1.32`"),
    ],
    answer: "Latest",
  },
  {
    path: "/catalog/contents",
    summary: "The extensions as GitHub's contents API lists folders, for updex",
    parameters: [],
    answer: "Contents",
  },
];

/** @param origin of the bakery, `https://extensions.example.org` */
export function openApiDocument(origin: string) {
  const schemas = Object.entries(ANSWERS).map(([name, schema]) => {
    const { $schema, ...jsonSchema } = toJsonSchema(schema, { target: "draft-2020-12" });
    return [name, jsonSchema] as const;
  });
  return {
    openapi: "3.1.0",
    info: { title: "Sysext bakery", version: "1", license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    servers: [{ url: `${origin}/api/v1` }],
    paths: Object.fromEntries(API_OPERATIONS.map((operation) => [operation.path, { get: describe(operation) }])),
    components: { schemas: Object.fromEntries(schemas) },
  };
}

function describe({ path, summary, parameters, answer }: ApiOperation) {
  const json = (name: string) => ({
    "application/json": { schema: { $ref: `#/components/schemas/${name}` } },
  });
  return {
    operationId: path.replace(/[^A-Za-z]+(?<letter>[A-Za-z])?/g, (_, letter = "") => letter.toUpperCase()),
    summary,
    parameters: parameters.map((parameter) => ({ ...parameter, required: parameter.in === "path" })),
    responses: {
      "200": { description: "found", content: json(answer) },
      "304": { description: "not changed since the entity tag that came with the request" },
      default: { description: "an error", content: json("Error") },
    },
  };
}
