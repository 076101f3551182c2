import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareVersions, newestFirst, type Order } from "../../schema/index.ts";
import { comparable, realVersion } from "./arbitraries.ts";
import { readTable } from "./fixture.ts";

const SIGN = { "<": -1, "==": 0, ">": 1 } as const;
/** Without the negative zero. */
const opposite = (order: Order): number => 0 - order;

describe("the recorded answers of systemd", () => {
  const rows = readTable<"a" | "b" | "order">("version-order.tsv");

  test("there are 42 of them", () => expect(rows).toHaveLength(42));

  test.each(rows)("$a $order $b, and the other way round", ({ a, b, order }) => {
    const expected = SIGN[order as keyof typeof SIGN];
    expect(compareVersions(a, b)).toBe(expected);
    expect(compareVersions(b, a)).toBe(opposite(expected));
  });
});

describe.each([
  ["versions as upstreams spell them", realVersion],
  ["any string", comparable],
])("the order of %s", (_, version) => {
  test("has every version equal to itself", () => {
    fc.assert(fc.property(version, (a) => compareVersions(a, a) === 0));
  });

  test("is total: either way round gives the opposite answer", () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect([-1, 0, 1]).toContain(compareVersions(a, b));
        expect(compareVersions(a, b)).toBe(opposite(compareVersions(b, a)));
      }),
      { numRuns: 1000 },
    );
  });

  test("is transitive, and versions that are equal stand in the same place", () => {
    fc.assert(
      fc.property(fc.tuple(version, version, version), (three) => {
        const [a, b, c] = three.toSorted(compareVersions) as [string, string, string];
        const whole = compareVersions(a, c);
        const steps = [compareVersions(a, b), compareVersions(b, c)];
        expect(steps.every((step) => step <= 0)).toBe(true);
        expect(whole).toBe(Math.min(...steps));
      }),
      { numRuns: 3000 },
    );
  });
});

test("what follows the same beginning counts in the order of the specification", () => {
  const oldestFirst = ["1~1", "1", "1-1", "1^1", "1.1", "1a", "11"];
  expect(oldestFirst.toReversed().toSorted(compareVersions)).toEqual(oldestFirst);
});

test("newestFirst sorts the newest version to the front", () => {
  expect(["v1.9.0", "v1.10.0", "v1.10.0-rc1", "v1.8.12"].toSorted(newestFirst)).toEqual([
    // A release candidate counts as newer than its release: the specification wants `~rc1` for the contrary.
    "v1.10.0-rc1",
    "v1.10.0",
    "v1.9.0",
    "v1.8.12",
  ]);
});

test("a version much longer than any real one is compared in linear time", () => {
  const long = "1.".repeat(50_000);
  expect(compareVersions(`${long}1`, `${long}2`)).toBe(-1);
});

describe("systemd-analyze", () => {
  const present = spawnSync("systemd-analyze", ["--version"]).error === undefined;
  const inCi = Boolean(process.env.CI);
  if (!present && !inCi) {
    console.warn("NOT TESTED: no systemd-analyze here, so the order of versions is not held against systemd's own");
  }

  // A program for each pair, so there are few of them; the properties above have many.
  test.skipIf(!present && !inCi)("gives the same answer for random pairs", () => {
    expect(present, "systemd-analyze is not on PATH").toBe(true);
    // Most pairs of random strings differ in their first character: give them a beginning in common.
    const pair = fc
      .tuple(fc.constantFrom("", "1", "v1.2", "1-"), comparable, comparable)
      .map(([start, a, b]) => [start + a, start + b] as const)
      .filter(([a, b]) => a !== "" && b !== "");
    const pairs = fc.sample(pair, 150);
    const answers = systemdOrders(pairs);
    for (const [at, [a, b]] of pairs.entries()) {
      expect([a, b, compareVersions(a, b)]).toEqual([a, b, answers[at]]);
    }
  });
});

/** All by one shell, which starts programs sooner than a process as large as this one. */
const COMPARE_ALL = 'while [ $# -gt 0 ]; do systemd-analyze compare-versions -- "$1" "$2" >&2; echo $?; shift 2; done';

/** systemd-analyze(1): exits with 0 for equal versions, 11 and 12 where the first is newer or older. */
function systemdOrders(pairs: readonly (readonly [string, string])[]): Order[] {
  const { stdout, stderr } = spawnSync("sh", ["-c", COMPARE_ALL, "sh", ...pairs.flat()], { encoding: "utf8" });
  const codes = stdout.split("\n").slice(0, -1).map(Number);
  return codes.map((code) => {
    const order = ({ 0: 0, 11: 1, 12: -1 } as const)[code];
    if (order === undefined) throw new Error(`systemd-analyze exited with ${code}: ${stderr}`);
    return order;
  });
}
