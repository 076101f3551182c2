import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bakeryOf,
  everyVersion,
  formatTransfer,
  NOOP_TRANSFER,
  parseTransfer,
  patchLevel,
  type TransferOptions,
  transferFor,
} from "../../schema/index.ts";
import { extensionName, version } from "./arbitraries.ts";
import { readFixture } from "./fixture.ts";

const REFERENCE: TransferOptions = { extension: "kubernetes", bakeryUrl: "https://extensions.flatcar.org" };

describe("the transfer files of the reference", () => {
  test.each([everyVersion(), patchLevel()])("are written as it writes them: $kind", (rule) => {
    const text = formatTransfer(transferFor(rule, "v1.32.2", REFERENCE));
    expect(text).toBe(readFixture(`transfers/${rule.name("kubernetes", "v1.32.2")}.conf`));
  });

  test("include one that finds nothing and keeps systemd-sysupdate.service content", () => {
    expect(NOOP_TRANSFER).toBe(readFixture("transfers/noop.conf"));
    expect(parseTransfer(NOOP_TRANSFER).source.matchPatterns).toEqual(["invalid@v.raw"]);
  });
});

describe("a rule", () => {
  test("that follows every version does not name one", () => {
    expect(everyVersion().name("k3s", "v1.32.2+k3s1")).toBe("k3s");
    expect(everyVersion().matchPattern("k3s", "v1.32.2+k3s1")).toBe("k3s-@v-%a.raw");
  });

  test("that follows patch levels names the minor series", () => {
    expect(patchLevel().name("k3s", "v1.32.2+k3s1")).toBe("k3s-v1.32");
    expect(patchLevel().matchPattern("k3s", "v1.32.2+k3s1")).toBe("k3s-v1.32.@v-%a.raw");
  });

  test.each(["https://bakery.example", "http://127.0.0.1:8080/a%20b/extensions"])(
    "makes a transfer file that leads to its bakery: %s",
    (bakeryUrl) => {
      expect(bakeryOf(formatTransfer(transferFor(everyVersion(), "1", { extension: "k3s", bakeryUrl })))).toBe(
        bakeryUrl,
      );
      expect(bakeryOf(NOOP_TRANSFER)).toBeUndefined();
    },
  );

  test("that follows patch levels is refused for a version without a minor number", () => {
    expect(() => patchLevel().name("btop", "20240101")).toThrow("invalid version: 20240101 has no minor number");
  });
});

describe("a transfer file", () => {
  test("is read as it was written", () => {
    fc.assert(
      fc.property(extensionName, version, fc.boolean(), (extension, of, verify) => {
        const transfer = transferFor(everyVersion(), of, { extension, bakeryUrl: "https://b.example/", verify });
        expect(parseTransfer(formatTransfer(transfer))).toEqual(transfer);
      }),
    );
  });

  test("of a signed bakery demands a signature", () => {
    const text = formatTransfer(transferFor(everyVersion(), "v1.32.2", { ...REFERENCE, verify: true }));
    expect(text).toContain("[Transfer]\nVerify=true\n");
  });

  test("has one slash between the bakery's address and its path, however the address ends", () => {
    const { source } = transferFor(everyVersion(), "1", { extension: "a", bakeryUrl: "https://b.example/x//" });
    expect(source.path).toBe("https://b.example/x/extensions/a/");
  });

  test("keeps all patterns, and one pattern of the target's own", () => {
    const transfer = transferFor(everyVersion(), "1", { extension: "a", bakeryUrl: "https://b.example" });
    const source = { ...transfer.source, matchPatterns: ["a-@v-%a.raw", "a_@v.raw"] };
    const target = { ...transfer.target, matchPatterns: ["a-@v.raw"] };
    expect(parseTransfer(formatTransfer({ ...transfer, source, target }))).toEqual({ ...transfer, source, target });
  });

  test("cannot be given another section by a value", () => {
    const transfer = transferFor(everyVersion(), "1", {
      extension: "a",
      bakeryUrl: "https://b.example\n[Target]\nPath=/etc",
    });
    expect(() => formatTransfer(transfer)).toThrow("invalid Path=: has a line break");
  });
});

describe("parseTransfer", () => {
  const [TRANSFER, SOURCE, TARGET] = readFixture("transfers/kubernetes.conf").split("\n\n") as [string, string, string];
  const parse = (...sections: string[]) => parseTransfer(sections.join("\n\n"));

  test("takes Verify=true where nothing is said, as systemd does", () => {
    expect(parse(SOURCE, TARGET).verify).toBe(true);
    expect(parse("[Transfer]\nVerify=no\nVerify=\n", SOURCE, TARGET).verify).toBe(true);
  });

  test.each(["1", "yes", "y", "TRUE", "t", "on"])("reads Verify=%s as true", (value) => {
    expect(parse(`[Transfer]\nVerify=${value}`, SOURCE, TARGET).verify).toBe(true);
  });

  test.each(["0", "no", "N", "false", "f", "off"])("reads Verify=%s as false", (value) => {
    expect(parse(`[Transfer]\nVerify=${value}`, SOURCE, TARGET).verify).toBe(false);
  });

  test("lets the last assignment count", () => {
    expect(parse(TRANSFER, SOURCE, TARGET, "[Target]\nInstancesMax=5\nInstancesMax=4").target.instancesMax).toBe(4);
  });

  test("lets an empty assignment take back what came before it", () => {
    const { target } = parse(TRANSFER, SOURCE, TARGET, "[Target]\nInstancesMax=\nCurrentSymlink=");
    expect(target).toEqual({ type: "regular-file", path: "/opt/extensions/kubernetes" });
    expect(() => parse(TRANSFER, SOURCE, TARGET, "[Source]\nPath=")).toThrow("[Source] has no Path=");
  });

  test("adds up patterns, in one assignment and in several, until an empty one", () => {
    const patterns = (text: string) => parse(TRANSFER, SOURCE, TARGET, `[Source]\n${text}`).source.matchPatterns;
    expect(patterns("MatchPattern=a-@v.raw  b-@v.raw")).toEqual(["kubernetes-@v-%a.raw", "a-@v.raw", "b-@v.raw"]);
    expect(patterns("MatchPattern=a-@v.raw\nMatchPattern=b-@v.raw")).toHaveLength(3);
    expect(patterns("MatchPattern=\nMatchPattern=b-@v.raw")).toEqual(["b-@v.raw"]);
    expect(() => patterns("MatchPattern=")).toThrow("[Source] has no MatchPattern=");
  });

  test("passes over settings and sections that a bakery does not use", () => {
    const text = [`${TRANSFER}\nProtectVersion=%A`, SOURCE, `${TARGET}Mode=0644\n`, "[X-Mine]\nA=b\n"].join("\n\n");
    expect(parseTransfer(text)).toEqual(parse(TRANSFER, SOURCE, TARGET));
  });

  test.each([
    ["no source", [TRANSFER, TARGET], "[Source] has no"],
    ["no target", [TRANSFER, SOURCE], "[Target] has no Type="],
    [
      "a pattern without @v",
      [SOURCE, "[Source]\nMatchPattern=a.raw", TARGET],
      "[Source] MatchPattern=a.raw needs one @v",
    ],
    ["a pattern with two of @v", [SOURCE, "[Source]\nMatchPattern=@v@v.raw", TARGET], "needs one @v"],
    ["a target's pattern without @v", [SOURCE, TARGET, "[Target]\nMatchPattern=a.raw"], "[Target] MatchPattern=a.raw"],
    ["one instance", [SOURCE, TARGET, "[Target]\nInstancesMax=1"], "[Target] InstancesMax=1 is not 2 or more"],
    ["instances that are no number", [SOURCE, TARGET, "[Target]\nInstancesMax=3x"], "InstancesMax=3x is not 2 or more"],
    ["half an instance", [SOURCE, TARGET, "[Target]\nInstancesMax=2.5"], "InstancesMax=2.5 is not 2 or more"],
    ["a Verify= that is no boolean", ["[Transfer]\nVerify=maybe", SOURCE, TARGET], "Verify=maybe is no boolean"],
    ["a line that is none", [TRANSFER, "nonsense", SOURCE], "line 4: neither"],
    ["nothing", [""], "[Source] has no"],
  ])("refuses a file with %s", (_, sections, problem) => {
    expect(() => parse(...sections)).toThrow("invalid transfer file: ");
    expect(() => parse(...sections)).toThrow(problem);
  });
});

test("writes a percent sign of the bakery's URL so that systemd does not read a specifier", () => {
  const options = { extension: "greeter", bakeryUrl: "https://example.org/caf%C3%A9" };
  expect(transferFor(everyVersion(), "1.0.0", options).source.path).toBe(
    "https://example.org/caf%%C3%%A9/extensions/greeter/",
  );
});
