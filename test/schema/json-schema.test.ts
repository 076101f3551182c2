/**
 * The JSON Schemas are public, so a change to them is to be seen in a diff: the files in `test/fixtures/` are what they
 * are now. To renew one: `node --eval 'import("./schema/index.ts").then((s) =>
 * console.log(JSON.stringify(s.releaseManifestJsonSchema())))' > test/fixtures/release.schema.json`, then `npm run format`.
 */
import { describe, expect, test } from "vitest";
import {
  inventoryJsonSchema,
  isExtensionName,
  isSha256,
  isVersion,
  releaseManifestJsonSchema,
} from "../../schema/index.ts";
import { readFixture } from "./fixture.ts";

describe.each([
  ["release.json", "release.schema.json", releaseManifestJsonSchema],
  ["releases.json", "releases.schema.json", inventoryJsonSchema],
])("the JSON Schema of %s", (document, file, jsonSchema) => {
  test("is the one that is on file", () => {
    expect(jsonSchema()).toEqual(JSON.parse(readFixture(file)));
  });

  test("is plain JSON of draft 2020-12", () => {
    const schema = jsonSchema();
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
    expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
  });

  test("knows every field of the example, and no object lets others in", () => {
    expect(unknownFields(at(jsonSchema()), JSON.parse(readFixture(document)))).toEqual([]);
  });
});

test.each<[string, (text: string) => boolean, string[]]>([
  [
    "extension",
    isExtensionName,
    ["docker-compose", "7zip", "noop", "noop-x", "docker-1", "Docker", "a".repeat(65), "a\n"],
  ],
  ["version", isVersion, ["v1.32.2+k3s1", "1_2", "latest", "1.0~rc1", "v", `1${"0".repeat(128)}`, "1\n"]],
])("its %s takes what the code takes, and nothing else", (field, isValid, samples) => {
  const { pattern = "", maxLength = 0 } = at(releaseManifestJsonSchema(), field);
  for (const text of samples) {
    expect(new RegExp(pattern, "u").test(text) && text.length <= maxLength, JSON.stringify(text)).toBe(isValid(text));
  }
});

test("its hashes are those that the code takes", () => {
  const { pattern = "" } = at(releaseManifestJsonSchema(), "images", "*", "sha256");
  for (const text of ["a".repeat(64), "A".repeat(64), "a".repeat(63), `${"a".repeat(64)}\n`, ""]) {
    expect(new RegExp(pattern, "u").test(text)).toBe(isSha256(text));
  }
});

interface Schema {
  readonly properties?: Record<string, Schema>;
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly pattern?: string;
  readonly maxLength?: number;
}

/** The schema of a field; `*` stands for the items of a list. */
function at(schema: unknown, ...path: string[]): Schema {
  return path.reduce((found, key) => (key === "*" ? found.items : found.properties?.[key]) ?? {}, schema as Schema);
}

/** The fields of a value of which a schema says nothing, and those of objects that are open to any. */
function unknownFields(schema: Schema | undefined, value: unknown, path = ""): string[] {
  if (schema === undefined) return [path];
  if (Array.isArray(value)) return value.flatMap((item) => unknownFields(schema.items, item, `${path}[]`));
  if (typeof value !== "object" || value === null) return [];
  const { additionalProperties: rest, properties } = schema;
  if (rest === undefined || rest === true) return [path];
  return Object.entries(value).flatMap(([key, field]) =>
    unknownFields(properties?.[key] ?? (rest === false ? undefined : rest), field, `${path}.${key}`),
  );
}
