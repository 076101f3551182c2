import { describe, expect, test } from "vitest";
import {
  bestBeforeAfter,
  bestBeforeOf,
  freshnessOf,
  type IndexEntry,
  parseSha256Sums,
  seriesIndexes,
  staleFrom,
  withBestBefore,
  withLinesOf,
  withoutBestBefore,
} from "../../schema/index.ts";

const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const LINE = `${"a".repeat(64)}  tool-1.2.0-arm64.raw\n`;
const DATED = `${EMPTY}  BEST-BEFORE-2026-12-26\n${LINE}`;
const entry = (file: string): IndexEntry => ({ file, sha256: EMPTY });

describe("the date of an index", () => {
  test("stands in its first line, and is taken off again", () => {
    expect(withBestBefore(LINE, "2026-12-26")).toBe(DATED);
    expect(withoutBestBefore(DATED)).toEqual({ text: LINE, day: "2026-12-26" });
    expect(withBestBefore(LINE, undefined)).toBe(LINE);
    expect(withBestBefore("", "2026-12-26")).toBe("");
  });

  test.each([
    ["elsewhere", LINE + DATED.replace(LINE, "")],
    ["with another hash", DATED.replace("e3b0", "aaaa")],
    ["of a day that there is not", DATED.replace("12-26", "02-30")],
  ])("%s is no date of ours, and stays in the text", (_, text) => {
    expect(withoutBestBefore(text)).toEqual({ text });
  });

  test("is the earliest of several; what is no day is ignored, as systemd does", () => {
    const days = ["2026-12-26", "2026-12-3", "2026-02-30", "2026-13-01", "2026-12-02x", "+2026-01-01", "26-01-01", ""];
    expect(bestBeforeOf(days.map((day) => entry(`BEST-BEFORE-${day}`)))).toBe("2026-12-03");
    expect(bestBeforeOf([entry("BEST-BEFORE-2026-02-30"), entry("tool-2026-01-01-arm64.raw")])).toBeUndefined();
  });

  test("is so many days away at the least, and over at its beginning", () => {
    expect(bestBeforeAfter(new Date("2026-11-26T00:00:00Z"), 30)).toBe("2026-12-26");
    expect(bestBeforeAfter(new Date("2026-11-26T00:00:01Z"), 30)).toBe("2026-12-27");
    expect(new Date(staleFrom("2026-12-26")).toISOString()).toBe("2026-12-26T00:00:00.000Z");
  });

  test("is near when less than a third of its time is left", () => {
    const since = Date.parse("2026-11-26T00:00:00Z");
    const at = (time: string) => freshnessOf("2026-12-26", { since, now: Date.parse(time) });
    expect(at("2026-12-15T23:59:59Z")).toBe("ok");
    expect(at("2026-12-16T00:00:01Z")).toBe("soon");
    expect(at("2026-12-25T23:59:59Z")).toBe("soon");
    expect(at("2026-12-26T00:00:00Z")).toBe("past");
  });

  test("is that of each series, and of nobody's lines in the global index", () => {
    const lines = parseSha256Sums(DATED);
    expect([...seriesIndexes(lines)]).toEqual([["1.2", DATED]]);
    const other = { file: "other-1.0-arm64.raw", sha256: "b".repeat(64) };
    expect(withLinesOf("other", [other], lines)).toEqual([other, ...parseSha256Sums(LINE)]);
  });
});
