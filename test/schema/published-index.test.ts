/** An index and what it will say soon: parsed strictly, and never more than a few generations. */
import { describe, expect, test } from "vitest";
import {
  formatPublishedIndex,
  generationAt,
  type PublishedIndex,
  parsePublishedIndex,
  succeed,
  unsignedIndex,
} from "../../schema/index.ts";

const line = (version: string) => `${"a".repeat(64)}  k3s-v${version}-arm64.raw\n`;
const time = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000);
const at = (seconds: number) => time(seconds).getTime();
const textAt = (index: PublishedIndex, seconds: number) => generationAt(index, at(seconds))?.text;

function published(...steps: readonly (readonly [seconds: number, version: string])[]): PublishedIndex {
  let index = unsignedIndex(line("1.0"), time(-3600));
  for (const [seconds, version] of steps) {
    index = succeed(index, { text: line(version), signatures: {} }, { now: time(seconds), settleSeconds: 150 });
  }
  return index;
}

test("a document is what was written", () => {
  const index = published([0, "1.1"]);
  Object.assign(index.generations[1] ?? {}, { signatures: { index: "c2lnbmF0dXJl", series: { "v1.1": "c2VyaWVz" } } });
  expect(parsePublishedIndex(formatPublishedIndex(index))).toEqual(index);
});

describe("a document is refused", () => {
  const generation = { effectiveAt: "2026-01-01T00:00:00.000Z", text: line("1.0"), signatures: {} };
  const earlier = { ...generation, effectiveAt: "2025-01-01T00:00:00.000Z" };
  const signed = (signatures: object) => [{ ...generation, signatures }];
  test.each([
    ["without generations", [], "generations: "],
    [
      "with a malformed index",
      [{ ...generation, text: `${line("1.0")}x\n` }],
      "generations[0].text: invalid SHA256SUMS: line 2",
    ],
    ["out of order", [generation, earlier], "generations[1]: takes effect before"],
    ["with a moment that is none", [{ ...generation, effectiveAt: "soon" }], "generations[0].effectiveAt"],
    [
      "with a signature that is not base64",
      signed({ index: "-----BEGIN" }),
      "generations[0].signatures.index: not base64",
    ],
    ["with an empty signature", signed({ index: "" }), "generations[0].signatures.index"],
    ["with a signature of no series", signed({ series: { "1": "AAAA" } }), "generations[0].signatures.series"],
    ["with fields that we do not know", [{ ...generation, extra: 1 }], "generations[0].extra"],
    ["with more generations than can be pending", Array(65).fill(generation), "generations: "],
  ])("%s", (_case, generations, problem) => {
    expect(() => parsePublishedIndex({ schemaVersion: 1, generations })).toThrow(problem);
  });

  test("of another version of the schema", () => {
    expect(() => parsePublishedIndex({ schemaVersion: 2, generations: [generation] })).toThrow("schemaVersion");
  });
});

describe("a publication", () => {
  test("takes effect after the caches have settled twice, and not before", () => {
    const index = published([0, "1.1"]);
    expect(textAt(index, 299)).toBe(line("1.0"));
    expect(textAt(index, 300)).toBe(line("1.1"));
  });

  test("replaces one that is pending, at its moment, while all caches will still read of it", () => {
    const index = published([0, "1.1"], [150, "1.2"]);
    expect(index.generations).toHaveLength(2);
    expect(textAt(index, 299)).toBe(line("1.0"));
    expect(textAt(index, 300)).toBe(line("1.2"));
  });

  test("lets one that is pending have its time where some cache may not read of another", () => {
    const index = published([0, "1.1"], [151, "1.2"]);
    expect(textAt(index, 300)).toBe(line("1.1"));
    expect(textAt(index, 450)).toBe(line("1.1"));
    expect(textAt(index, 451)).toBe(line("1.2"));
  });

  test("forgets what is no longer in effect, and keeps a few at most however fast they come", () => {
    const steps = Array.from({ length: 100 }, (_, at) => [at * 10, `1.${at + 1}`] as const);
    for (let count = 1; count <= steps.length; count += 1) {
      expect(published(...steps.slice(0, count)).generations.length).toBeLessThanOrEqual(4);
    }
    expect(textAt(published(...steps), 1500)).toBe(line("1.100"));
  });

  test("takes effect at once where nothing has to settle, whatever was pending", () => {
    const now = { now: time(10), settleSeconds: 0 };
    const index = succeed(published([0, "1.1"]), { text: line("1.2"), signatures: {} }, now);
    expect(textAt(index, 10)).toBe(line("1.2"));
    expect(textAt(index, 400)).toBe(line("1.2"));
    // (a machine whose clock is behind)
    expect(textAt(index, 9)).toBe(line("1.0"));
  });

  test("that is the first is in effect at its moment and not before", () => {
    const index = succeed(undefined, { text: line("1.0"), signatures: {} }, { now: time(0), settleSeconds: 150 });
    expect(textAt(index, 299)).toBeUndefined();
    expect(textAt(index, 300)).toBe(line("1.0"));
  });
});
