/** `docs/faults.md` says what the rules of the fault cases say; `UPDATE_DOCS=1` writes it anew. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { faultPage } from "./support/fault-table.ts";

const PAGE = fileURLToPath(new URL("../docs/faults.md", import.meta.url));

test("the page about faults is in step with the rules that the worker is held against", async () => {
  if (process.env.UPDATE_DOCS === "1") {
    await mkdir(dirname(PAGE), { recursive: true });
    await writeFile(PAGE, faultPage());
  }
  expect(await readFile(PAGE, "utf8")).toBe(faultPage());
});
