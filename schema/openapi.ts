/** The JSON API's OpenAPI document, made of the schemas that answers are held against. */
import { toJsonSchema } from "@valibot/to-json-schema";
import { ANSWERS, API_OPERATIONS, type ApiOperation } from "./api-operations.ts";

/** @param origin of the bakery, `https://extensions.example.org` */
export function openApiDocument(origin: string) {
  const schemas = Object.entries(ANSWERS).map(([name, schema]) => {
    // What only code can check is not said: that lines of an index are lines.
    const ignoreActions = ["check", "raw_check", "check_items"];
    const { $schema, ...jsonSchema } = toJsonSchema(schema, { target: "draft-2020-12", ignoreActions });
    return [name, jsonSchema] as const;
  });
  const byPath = Map.groupBy(API_OPERATIONS, ({ path }) => path);
  const paths = [...byPath].map(([path, operations]) => {
    return [path, Object.fromEntries(operations.map((operation) => [operation.method ?? "get", describe(operation)]))];
  });
  return {
    openapi: "3.1.0",
    info: { title: "Sysext bakery", version: "1", license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    servers: [{ url: `${origin}/api/v1` }],
    paths: Object.fromEntries(paths),
    components: {
      schemas: Object.fromEntries(schemas),
      securitySchemes: { publisher: { type: "http", scheme: "bearer" } },
    },
  };
}

function describe({ method = "get", path, summary, parameters, request, answer, text, right }: ApiOperation) {
  const json = (name: string) => ({
    "application/json": { schema: { $ref: `#/components/schemas/${name}` } },
  });
  const bytes = { "application/octet-stream": { schema: { type: "string", format: "binary" } } };
  const texts = text && Object.fromEntries(text.map((type) => [type, { schema: { type: "string" } }]));
  const content = answer === undefined ? texts : json(answer);
  const words = `${method === "get" ? "" : `${method} `}${path}`;
  return {
    operationId: words.replace(/[^A-Za-z]+(?<letter>[A-Za-z])?/g, (_, letter = "") => letter.toUpperCase()),
    summary: right === "maintain" ? `${summary} (maintainers)` : summary,
    parameters: parameters.map((parameter) => ({ ...parameter, required: parameter.in === "path" })),
    ...(right !== undefined && { security: [{ publisher: [] }] }),
    ...(request !== undefined && {
      requestBody: { required: true, content: request === "bytes" ? bytes : json(request) },
    }),
    responses: {
      ...(content === undefined
        ? { "204": { description: "done" } }
        : { "200": { description: method === "get" ? "found" : "done", content } }),
      ...(method === "get" && {
        "304": { description: "not changed since the entity tag that came with the request" },
      }),
      default: { description: "an error", content: json("Error") },
    },
  };
}
