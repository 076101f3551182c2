/** RFC 9110 section 14, one range at a time. */
import { expect, test } from "vitest";
import { parseRange } from "../../worker/range.ts";

const FULL = { kind: "full" } as const;
const UNSATISFIABLE = { kind: "unsatisfiable" } as const;
const part = (offset: number, length: number) => ({ kind: "part", offset, length }) as const;

test.each([
  ["bytes=0-9", part(0, 10)],
  ["bytes=0-0", part(0, 1)],
  ["bytes=90-", part(90, 10)],
  ["bytes=90-99", part(90, 10)],
  ["bytes=90-1000", part(90, 10)],
  ["bytes=-10", part(90, 10)],
  ["bytes=-1000", part(0, 100)],
  ["BYTES=0-9", part(0, 10)],
  ["bytes= 0-9 ", part(0, 10)],
  [`bytes=0-${"9".repeat(400)}`, part(0, 100)],
])("%s of 100 bytes is a part", (header, outcome) => {
  expect(parseRange(header, 100)).toEqual(outcome);
});

test.each(["bytes=100-", "bytes=100-200", "bytes=-0", `bytes=${"9".repeat(400)}-`])(
  "%s of 100 bytes is unsatisfiable",
  (header) => {
    expect(parseRange(header, 100)).toEqual(UNSATISFIABLE);
  },
);

test.each(["bytes=0-9,20-29", "bytes=9-0", "bytes=-", "bytes=", "bytes", "items=0-9", "bytes=a-b", "bytes=0x0-9", ""])(
  "%j is ignored",
  (header) => {
    expect(parseRange(header, 100)).toEqual(FULL);
  },
);

test("a range of an empty file is ignored", () => {
  expect(parseRange("bytes=0-", 0)).toEqual(FULL);
  expect(parseRange("bytes=-1", 0)).toEqual(FULL);
});
