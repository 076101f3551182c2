/** The reference's server, recorded: every request of the table gets the same answer here. */
import { expect, test } from "vitest";
import table from "../fixtures/url-examples.tsv?raw";
import { bakery } from "./support/bakery.ts";

const examples = table
  .trimEnd()
  .split("\n")
  .slice(1)
  .map((row) => {
    const [method = "", path = "", status = "", location = ""] = row.split("\t");
    return { method, path, status: Number(status), location };
  });

test("the table is there", () => {
  expect(examples.length).toBeGreaterThan(150);
});

test.each(examples)("$method $path is answered as the reference's server does", async (example) => {
  const response = await bakery().fetch(example.path, { method: example.method });
  const location = response.headers.get("location") ?? "";
  expect({ status: response.status, location: decodeURIComponent(location) }).toEqual({
    status: example.status,
    location: example.location,
  });
  expect(location).not.toContain("%2B");
  expect(await response.text()).toBe("");
});
