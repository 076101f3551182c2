/** RFC 9110 section 13, precondition by precondition. */
import { describe, expect, test } from "vitest";
import { decideOutcome, isPlainGet } from "../../worker/conditional.ts";

const ETAG = '"abc"';
const BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT";
const MODIFIED = "Sun, 06 Nov 1994 08:49:37 GMT";
const AFTER = "Sun, 06 Nov 1994 08:49:38 GMT";
const current = { size: 100, etag: ETAG, modified: new Date("1994-11-06T08:49:37.900Z") };

function outcome(
  headers: Record<string, string>,
  method = "GET",
  of: typeof current | Omit<typeof current, "modified"> = current,
) {
  return decideOutcome({ method, headers: new Headers(headers) }, of).kind;
}

test("without conditions it is the whole file", () => {
  expect(outcome({})).toBe("full");
});

describe("If-Match", () => {
  test.each(['"abc"', '"x", "abc"', '"x","abc" , "y"', "*", ' "abc" '])("%s matches", (value) => {
    expect(outcome({ "if-match": value })).toBe("full");
  });
  test.each(['"x"', 'W/"abc"', '"ab,c"', "abc", "", '"abc'])("%s fails", (value) => {
    expect(outcome({ "if-match": value })).toBe("precondition-failed");
  });
  test("goes before If-Unmodified-Since", () => {
    expect(outcome({ "if-match": ETAG, "if-unmodified-since": BEFORE })).toBe("full");
  });
});

describe("If-None-Match", () => {
  test.each(['"abc"', 'W/"abc"', '"x", W/"abc"', "*"])("%s finds the file unchanged", (value) => {
    expect(outcome({ "if-none-match": value })).toBe("not-modified");
    expect(outcome({ "if-none-match": value }, "HEAD")).toBe("not-modified");
  });
  test.each(['"x"', '"abcd"', "abc", ""])("%s finds it changed", (value) => {
    expect(outcome({ "if-none-match": value })).toBe("full");
  });
  test("goes before If-Modified-Since", () => {
    expect(outcome({ "if-none-match": '"x"', "if-modified-since": AFTER })).toBe("full");
  });
  test("comes after If-Match", () => {
    expect(outcome({ "if-match": '"x"', "if-none-match": ETAG })).toBe("precondition-failed");
    expect(outcome({ "if-match": ETAG, "if-none-match": ETAG })).toBe("not-modified");
  });
});

describe("If-Modified-Since", () => {
  test.each([MODIFIED, AFTER, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"])(
    "%s finds the file unchanged",
    (value) => {
      expect(outcome({ "if-modified-since": value })).toBe("not-modified");
    },
  );
  test("finds it changed after an earlier date", () => {
    expect(outcome({ "if-modified-since": BEFORE })).toBe("full");
  });
  test.each(["2099-01-01", "tomorrow", "4070908800000", "Sun, 99 Nov 2094 08:49:37 GMT", ""])(
    "%j is no HTTP date and is ignored",
    (value) => {
      expect(outcome({ "if-modified-since": value })).toBe("full");
    },
  );
});

describe("If-Unmodified-Since", () => {
  test("passes from the date of the file on", () => {
    expect(outcome({ "if-unmodified-since": MODIFIED })).toBe("full");
    expect(outcome({ "if-unmodified-since": AFTER })).toBe("full");
  });
  test("fails before it", () => {
    expect(outcome({ "if-unmodified-since": BEFORE })).toBe("precondition-failed");
  });
  test("is ignored where it is no date", () => {
    expect(outcome({ "if-unmodified-since": "yesterday" })).toBe("full");
  });
});

describe("If-Range", () => {
  const range = { range: "bytes=0-9" };
  test.each([ETAG, MODIFIED])("%s lets the part through", (value) => {
    expect(outcome({ ...range, "if-range": value })).toBe("part");
  });
  test.each(['"x"', `W/${ETAG}`, BEFORE, AFTER, "abc", ""])("%j asks for the whole file", (value) => {
    expect(outcome({ ...range, "if-range": value })).toBe("full");
  });
  test("without Range means nothing", () => {
    expect(outcome({ "if-range": ETAG })).toBe("full");
  });
});

describe("Range", () => {
  test("is decided after the preconditions", () => {
    expect(outcome({ range: "bytes=0-9", "if-none-match": ETAG })).toBe("not-modified");
    expect(outcome({ range: "bytes=200-", "if-match": '"x"' })).toBe("precondition-failed");
  });
  test("means nothing with HEAD", () => {
    expect(outcome({ range: "bytes=0-9" }, "HEAD")).toBe("full");
    expect(outcome({ range: "bytes=200-" }, "HEAD")).toBe("full");
  });
});

test("a file without a date ignores conditions on dates", () => {
  const undated = { size: 100, etag: ETAG };
  expect(outcome({ "if-modified-since": AFTER }, "GET", undated)).toBe("full");
  expect(outcome({ "if-unmodified-since": BEFORE }, "GET", undated)).toBe("full");
  expect(outcome({ range: "bytes=0-9", "if-range": AFTER }, "GET", undated)).toBe("full");
});

test("only a GET without conditions and range is plain", () => {
  const isPlain = (method: string, headers: Record<string, string>) =>
    isPlainGet({ method, headers: new Headers(headers) });
  expect(isPlain("GET", { "user-agent": "systemd-pull/257", accept: "*/*" })).toBe(true);
  expect(isPlain("HEAD", {})).toBe(false);
  expect(isPlain("GET", { range: "bytes=0-" })).toBe(false);
  expect(isPlain("GET", { "if-none-match": "*" })).toBe(false);
});
