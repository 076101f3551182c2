import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatSha256Sums,
  type IndexEntry,
  imageFile,
  isSha256,
  mergeSha256Sums,
  parseSha256Sums,
} from "../../schema/index.ts";
import { arch, release, sha256 } from "./arbitraries.ts";

const A = "a".repeat(64);
const B = "b".repeat(64);

const entries = fc.uniqueArray(
  fc.tuple(release, arch, sha256).map(([it, forArch, hash]) => ({ file: imageFile(it, forArch), sha256: hash })),
  { selector: ({ file }) => file, minLength: 1, maxLength: 20 },
);

describe("an index", () => {
  test("is read as it was written", () => {
    fc.assert(
      fc.property(entries, (list) => {
        expect(parseSha256Sums(formatSha256Sums(list))).toEqual(list);
      }),
    );
  });

  test("is written as sha256sum writes it", () => {
    expect(formatSha256Sums([{ file: "docker-1-arm64.raw", sha256: A }])).toBe(`${A}  docker-1-arm64.raw\n`);
  });

  test.each([
    ["names marked as binary with an asterisk", `${A} *x.raw\n`, [{ file: "x.raw", sha256: A }]],
    ["upper-case hashes, which become lower-case", `${A.toUpperCase()}  x.raw\n`, [{ file: "x.raw", sha256: A }]],
    ["names with blanks", `${A}  x y.raw\n`, [{ file: "x y.raw", sha256: A }]],
    ["names in other scripts", `${A}  \u00e9.raw\n`, [{ file: "\u00e9.raw", sha256: A }]],
    ["names that match no pattern", `${A}  BEST-BEFORE-2027-01-01\n`, [{ file: "BEST-BEFORE-2027-01-01", sha256: A }]],
    ["names of 255 bytes", `${A}  ${"x".repeat(255)}\n`, [{ file: "x".repeat(255), sha256: A }]],
    ["the same line twice, which counts once", `${A}  x.raw\n${A}  x.raw\n`, [{ file: "x.raw", sha256: A }]],
    [
      "the same hash under two names",
      `${A}  x.raw\n${A}  y.raw\n`,
      [
        { file: "x.raw", sha256: A },
        { file: "y.raw", sha256: A },
      ],
    ],
  ])("may have %s", (_, text, expected) => {
    expect(parseSha256Sums(text)).toEqual(expected);
  });

  // Each of these makes at least one of systemd 254, 257 and 262 refuse the whole index.
  test.each([
    ["is empty", "", "empty"],
    ["is a line feed", "\n", "line 1"],
    ["has no line feed at the end", `${A}  x.raw`, "no line feed at the end"],
    ["has CRLF line ends", `${A}  x.raw\r\n`, "line 1"],
    ["has a comment", `${A}  x.raw\n# comment\n`, "line 2"],
    ["has a blank line", `${A}  x.raw\n\n${B}  y.raw\n`, "line 2"],
    ["ends in a blank line", `${A}  x.raw\n\n`, "line 2"],
    ["begins with a byte order mark", `\uFEFF${A}  x.raw\n`, "line 1"],
    ["has a single blank", `${A} x.raw\n`, "line 1"],
    ["has a tab for the blanks", `${A}\tx.raw\n`, "line 1"],
    ["has a line without a name", `${A}  \n`, "line 1"],
    ["has a hash of 63 digits", `${A.slice(1)}  x.raw\n`, "line 1"],
    ["has a hash of 65 digits", `${A}a  x.raw\n`, "line 1"],
    ["has a hash of other letters", `${"g".repeat(64)}  x.raw\n`, "line 1"],
    ["has a line that sha256sum escaped", `\\${A}  x\\ny.raw\n`, "line 1"],
    ["has lines in BSD style", `SHA256 (x.raw) = ${A}\n`, "line 1"],
    ["has a name with ./", `${A}  ./x.raw\n`, "has a slash"],
    ["has a name in a folder", `${A}  a/b.raw\n`, "has a slash"],
    ["has an absolute name", `${A}  /x.raw\n`, "has a slash"],
    ["has this folder for a name", `${A}  .\n`, "is a folder"],
    ["has the folder above for a name", `${A}  ..\n`, "is a folder"],
    ["has a name that was not UTF-8", `${A}  x\uFFFD.raw\n`, "is not UTF-8"],
    ["has a name with a backslash", `${A}  x\\y.raw\n`, "a backslash"],
    ["has a name with a percent sign", `${A}  x%2By.raw\n`, "a percent sign"],
    ["has a name with NUL", `${A}  x\0.raw\n`, "a control character"],
    ["has a name with an escape sequence", `${A}  \u001b[31mx.raw\n`, "a control character"],
    ["has a name of 256 bytes", `${A}  ${"x".repeat(256)}\n`, "longer than 255 bytes"],
    ["has a name of 128 characters and 256 bytes", `${A}  ${"\u00e9".repeat(128)}\n`, "longer than 255 bytes"],
    ["has one name with two hashes", `${A}  x.raw\n${B}  x.raw\n`, `x.raw has two hashes, ${A} and ${B}`],
    ["is a web page", "<!doctype html>\n<title>404</title>\n", "line 1"],
  ])("is refused where it %s", (_, text, problem) => {
    expect(() => parseSha256Sums(text)).toThrow("invalid SHA256SUMS: ");
    expect(() => parseSha256Sums(text)).toThrow(problem);
  });

  test("of 5 MB is read", () => {
    const line = (at: number) => `${at.toString(16).padStart(64, "0")}  kubernetes-v1.32.${at}-x86-64.raw\n`;
    const text = Array.from({ length: 52_000 }, (_, at) => line(at)).join("");
    expect(text.length).toBeGreaterThan(5_000_000);
    expect(parseSha256Sums(text)).toHaveLength(52_000);
  });
});

describe("merging indexes", () => {
  test("keeps the order in which names first appear, and each name once", () => {
    const [x, y, z] = ["x", "y", "z"].map((file) => ({ file, sha256: A })) as [IndexEntry, IndexEntry, IndexEntry];
    expect(mergeSha256Sums([y, x], [], [z, y])).toEqual([y, x, z]);
  });

  test("with itself changes nothing", () => {
    fc.assert(
      fc.property(entries, (list) => {
        expect(mergeSha256Sums(list, list)).toEqual(list);
      }),
    );
  });

  test("looks at each name as often, however many there are", () => {
    /** Per entry; what is compared with all others is looked at as often as there are others. */
    const looks = (count: number) => {
      let looked = 0;
      const entry = (at: number) => ({
        sha256: A,
        get file() {
          looked += 1;
          return `x-${at}.raw`;
        },
      });
      mergeSha256Sums(Array.from({ length: count }, (_, at) => entry(at)));
      return looked / count;
    };
    expect(looks(1_000)).toBe(looks(10));
  });

  test("of nothing is nothing, which is written as no text", () => {
    expect(formatSha256Sums(mergeSha256Sums())).toBe("");
  });

  test("is refused where they disagree about a name, also about one that every object has", () => {
    expect(() => mergeSha256Sums([{ file: "x", sha256: A }], [{ file: "x", sha256: B }])).toThrow("x has two hashes");
    expect(mergeSha256Sums([{ file: "__proto__", sha256: A }])).toEqual([{ file: "__proto__", sha256: A }]);
  });
});

test("isSha256 wants 64 lower-case hex digits and nothing after them", () => {
  expect(isSha256(A)).toBe(true);
  for (const text of ["", A.slice(1), `${A}a`, A.toUpperCase(), `${A}\n`, "\uFF11".repeat(64)]) {
    expect(isSha256(text)).toBe(false);
  }
});
