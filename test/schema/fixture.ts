/** The files of `test/fixtures/`. */
import { readFileSync } from "node:fs";

export function readFixture(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8");
}

/** The rows of a table of tab-separated values, as objects with the first row's names. */
export function readTable<K extends string>(name: string): Record<K, string>[] {
  const [head = "", ...rows] = readFixture(name).trimEnd().split("\n");
  const columns = head.split("\t") as K[];
  return rows.map((row) => {
    const cells = row.split("\t");
    return Object.fromEntries(columns.map((column, at) => [column, cells[at] ?? ""])) as Record<K, string>;
  });
}
