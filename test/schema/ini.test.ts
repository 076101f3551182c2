import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatIni, type IniSection, parseIni } from "../../schema/index.ts";

const parse = (text: string): IniSection[] => parseIni(text, "unit");

test("sections, entries and repeated keys come out in the order in which they stand", () => {
  expect(parse("[Unit]\nUpholds=a.service\nUpholds=b.service\n\n[Install]\n[Unit]\nA=\n")).toEqual([
    {
      name: "Unit",
      entries: [
        { key: "Upholds", value: "a.service" },
        { key: "Upholds", value: "b.service" },
      ],
    },
    { name: "Install", entries: [] },
    { name: "Unit", entries: [{ key: "A", value: "" }] },
  ]);
});

describe("a line", () => {
  const read = (text: string) => parse(`[S]\n${text}`)[0]?.entries;

  test.each([
    ["with blanks around key and value", "  K  =  v w  \n", "v w"],
    ["with more equals signs", "K=a=b\n", "a=b"],
    ["with quotes, which stay", 'K="a b"\n', '"a b"'],
    ["with a hash in the value, which is no comment", "K=a # b\n", "a # b"],
    ["with a CRLF line end", "K=v\r\n", "v"],
    ["without a line feed at the end of the text", "K=v", "v"],
    ["continued on the next one, a blank for the backslash", "K=a\\\n  b\n", "a b"],
    ["continued twice", "K=a\\\nb \\\nc\n", "a b  c"],
    ["continued, with a comment in between", "K=a\\\n# no\n; no\nb\n", "a b"],
    ["continued, and then nothing", "K=a\\\n", "a"],
    ["that ends in two backslashes, so goes on no further", "K=a\\\\\n", "a\\\\"],
    ["that ends in three, so does", "K=a\\\\\\\nb\n", "a\\\\ b"],
    ["with a comment before it", "# c\n; c\n\nK=v\n", "v"],
  ])("is read %s", (_, text, value) => {
    expect(read(text)).toEqual([{ key: "K", value }]);
  });

  test("that is blank ends a continued one", () => {
    expect(read("K=a\\\n\nL=b\n")).toEqual([
      { key: "K", value: "a" },
      { key: "L", value: "b" },
    ]);
  });

  test.each([
    ["without an equals sign", "[S]\n\nK\n", 'line 3: neither "[Section]" nor "Key=value"'],
    ["without a key", "[S]\n=v\n", "line 2: neither"],
    ["with a section that is not closed", "[S]\n[T\n", "line 2: neither"],
    ["with a section that is not closed and an equals sign", "[S]\n[T=x\n", "line 2: neither"],
    ["with a section without a name", "[]\n", "line 1: neither"],
    ["before any section", "# c\nK=v\n", "line 2: K= stands before any section"],
    ["counted from where a continued one begins", "[S]\nA=1\nbad\\\nmore\n", "line 3: neither"],
  ])("is refused %s", (_, text, problem) => {
    expect(() => parse(text)).toThrow(`invalid unit: ${problem}`);
  });
});

describe("formatIni", () => {
  const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,8}$/);
  const value = fc
    .oneof(fc.string({ maxLength: 12 }), fc.string({ unit: fc.constantFrom(..."a #;[]=%\\\"'"), maxLength: 12 }))
    .map((text) => text.trim().replace(/[\\\s]+$/, ""));
  const sections = fc.array(
    fc.record(
      { name: word, entries: fc.array(fc.record({ key: word, value }, { noNullPrototype: true })) },
      { noNullPrototype: true },
    ),
  );

  test("writes what parseIni reads", () => {
    fc.assert(
      fc.property(sections, (list) => {
        expect(parse(formatIni(list))).toEqual(list);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["a line feed", "x\n[Target]\nPath=/etc"],
    ["a carriage return", "x\r"],
    ["a backslash at the end", "x\\"],
    ["a backslash and blanks at the end", "x\\  "],
  ])("refuses a value with %s, which would change what follows", (_, text) => {
    const bad = [{ name: "Source", entries: [{ key: "Path", value: text }] }];
    expect(() => formatIni(bad)).toThrow("invalid Path=: has a line break or ends in a backslash");
  });

  test.each([
    ["section", "S]\n[T", "K"],
    ["key", "S", "K=v\nL"],
    ["key that reads as a comment", "S", "#K"],
    ["key that reads as a section", "S", "[K"],
    ["key that is empty", "S", ""],
  ])("refuses a %s that would be read as something else", (_, name, key) => {
    expect(() => formatIni([{ name, entries: [{ key, value: "v" }] }])).toThrow("invalid ");
  });
});
