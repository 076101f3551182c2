/** Checks: each fault that an image can have is found, by the check that has its name, and a good image passes. */
import { describe, expect, it } from "vitest";
import { check } from "../../../builder/bake/checks/check.ts";
import type { Allowances } from "../../../builder/bake/checks/finding.ts";
import { type Plan, planBake } from "../../../builder/bake/plan.ts";
import type { Contents, ImageEntry } from "../../../builder/image/contents.ts";
import { isRead } from "../../../builder/image/contents.ts";
import type { Elf } from "../../../builder/image/elf.ts";
import { fixed } from "../../../builder/recipe/index.ts";

const UNITS = "usr/lib/systemd/system";
const SERVICE = "[Service]\nExecStart=/usr/bin/tool\n";
const X86: Elf = { machine: 62, bits: 64 };

/** A file's text, a symlink's target behind an arrow, or an entry's own fields. */
type Planted = Record<string, string | Partial<ImageEntry>>;

const GOOD: Planted = {
  "usr/lib/extension-release.d/extension-release.tool": "ID=_any\n",
  "usr/bin/tool": { elf: X86, mode: 0o755, size: 9 },
};

function contentsOf(planted: Planted): Contents {
  const entries = new Map<string, ImageEntry>();
  const texts = new Map<string, string>();
  for (const [path, what] of Object.entries(planted)) {
    const names = path.split("/");
    for (let depth = 1; depth < names.length; depth++) {
      const folder = names.slice(0, depth).join("/");
      if (!entries.has(folder)) entries.set(folder, { path: folder, kind: "folder", mode: 0o755, size: 0 });
    }
    if (typeof what !== "string") entries.set(path, { path, kind: "file", mode: 0o644, size: 0, ...what });
    else if (what.startsWith("→ "))
      entries.set(path, { path, kind: "symlink", mode: 0o777, size: 0, target: what.slice(2) });
    else {
      const entry: ImageEntry = { path, kind: "file", mode: 0o644, size: what.length };
      entries.set(path, entry);
      if (isRead(entry)) texts.set(path, what);
    }
  }
  return { entries: [...entries.values()], texts };
}

type Fields = Partial<Pick<Plan, "setuid" | "hostLinks" | "upholds">>;

async function examine(planted: Planted, fields: Fields = {}, allowances: Allowances = []) {
  const recipe = { description: "", homepage: "", versions: fixed("1.0.0"), provides: ["usr/bin/tool"] as const };
  const plan = await planBake({ name: "tool", folder: "/nowhere", recipe }, { version: "1.0.0", arch: "x86-64" });
  return check(contentsOf({ ...GOOD, ...planted }), { ...plan, ...fields }, allowances);
}

const refusalOf = (planted: Planted, fields?: Fields) =>
  examine(planted, fields).then(
    () => [],
    (error) => Object.values(error.details as object),
  );

it("a program with its units, links and masks is clean", async () => {
  const report = await examine(
    {
      [`${UNITS}/tool.service`]: `[Unit]\nAfter=network-online.target\n${SERVICE}`,
      [`${UNITS}/tool.socket`]: "[Socket]\nListenStream=/run/tool.sock\n",
      [`${UNITS}/tool@.service`]: "[Service]\nExecStart=/usr/bin/tool %i\n",
      [`${UNITS}/tool.timer`]: "[Timer]\nOnCalendar=daily\n",
      [`${UNITS}/multi-user.target.d/10-tool.conf`]: "[Unit]\nUpholds=tool.service\n",
      [`${UNITS}/sockets.target.wants/tool.socket`]: "→ ../tool.socket",
      [`${UNITS}/other.service`]: "→ /dev/null",
      "usr/bin/alias": "→ tool",
      "usr/local/bin/tool": "→ ../../bin/alias",
      "usr/lib/modules/x.bpf.o": { elf: { machine: 247, bits: 64 } },
      "usr/lib/firmware/x.elf": { elf: { machine: 94, bits: 32 } },
    },
    { upholds: ["tool.service"] },
  );
  expect(report).toEqual({ warnings: [], allowed: [] });
});

it.each<[string, Planted, Fields, string]>([
  ["layout", { "etc/tool.conf": "" }, {}, "etc is outside of usr/ and opt/"],
  ["usr-sbin", { "usr/sbin/tool": { elf: X86 } }, {}, "usr/sbin would replace the host's"],
  ["usr-sbin", { "usr/lib64": "→ lib" }, {}, "usr/lib64 is a symlink and would hide the host's folder"],
  ["usr-sbin", { opt: "→ usr" }, {}, "opt is a symlink and would hide the host's folder"],
  [
    "extension-release",
    { "usr/lib/extension-release.d/extension-release.other": "" },
    {},
    "extension-release.other is another extension's",
  ],
  [
    "extension-release",
    { "usr/lib/extension-release.d/extension-release.tool": "→ ../os-release" },
    { hostLinks: ["usr/lib/extension-release.d/extension-release.tool"] },
    "extension-release.tool is missing",
  ],
  [
    "elf-arch",
    { "usr/lib/x.so": { elf: { machine: 183, bits: 64 } } },
    {},
    "usr/lib/x.so is for arm64, not for x86-64",
  ],
  ["elf-arch", { "usr/lib/x.so": { elf: { machine: 3, bits: 32 } } }, {}, "usr/lib/x.so is for i386, not for x86-64"],
  ["setuid", { "usr/bin/su": { mode: 0o4755 } }, {}, "usr/bin/su is setuid root, and the recipe does not declare it"],
  ["setuid", { "usr/bin/wall": { mode: 0o2755 } }, {}, "usr/bin/wall is setgid root"],
  ["setuid", {}, { setuid: ["usr/bin/tool"] }, "usr/bin/tool is neither setuid nor setgid"],
  ["setuid", {}, { setuid: ["usr/bin/su"] }, "usr/bin/su is not in the image, though the recipe declares it"],
  ["dangling-symlink", { "usr/bin/x": "→ y" }, {}, "usr/bin/x leads to usr/bin/y, which is not in the image"],
  ["dangling-symlink", { "usr/bin/x": "→ /usr/lib/y" }, {}, "usr/bin/x leads to usr/lib/y"],
  ["dangling-symlink", { "usr/bin/x": "→ ../../../etc/y" }, {}, "usr/bin/x climbs above the root"],
  ["dangling-symlink", { "usr/bin/x": "→ z", "usr/bin/z": "→ x" }, {}, "usr/bin/x leads round in a circle"],
  ["units", { [`${UNITS}/x.service`]: "[Service]\nType=oneshot\n" }, {}, "x.service"],
  ["units", { [`${UNITS}/x.service`]: "[Service]\nExecStart=usr/bin/tool x\n" }, {}, "x.service"],
  ["units", { [`${UNITS}/x.timer`]: "[Timer]\nOnCalendar=sometimes\n" }, {}, "x.timer"],
  [
    "units",
    { [`${UNITS}/x.service`]: "[Service]\nExecStart=/usr/share/x\n", "usr/share/x": "" },
    {},
    "runs /usr/share/x, which is not executable",
  ],
  ["units", {}, { upholds: ["y.service"] }, "y.service is not in the image, though the recipe upholds it"],
])("%s refuses %j", async (id, planted, fields, problem) => {
  const refused = await refusalOf(planted, fields);
  expect(refused.join("\n")).toContain(problem);
  // No other check finds fault with it, and what is looked at and taken ships, with a word.
  const reason = "seen, and wanted";
  const report = await examine(planted, fields, [{ check: id, reason }]);
  expect(report.allowed).toEqual([{ check: id, reason }]);
  expect(report.warnings.map(({ message }) => message).join("\n")).toContain(problem);
});

describe("a private root, as flatwrap makes it", () => {
  const root = "usr/local/tree";
  const planted: Planted = {
    [`${root}/.flatwrap/enter`]: { mode: 0o755 },
    [`${root}/usr/sbin/tool`]: { elf: X86, mode: 0o755 },
    [`${root}/usr/bin/inside`]: "→ /usr/sbin/tool",
    [`${root}/usr/bin/up`]: "→ ../../../../../../usr/sbin/tool",
    [`${root}/usr/bin/alternative`]: "→ /etc/alternatives/tool",
    [`${root}/bin`]: "→ usr/bin",
    [`${root}/sbin`]: "→ /usr/sbin",
  };

  it("has symlinks that lead where they do in it, and folders of any name", async () => {
    expect(await examine(planted)).toEqual({ warnings: [], allowed: [] });
  });

  it("may have symlinks to what is not installed in it, which is told", async () => {
    const { warnings } = await examine({ ...planted, [`${root}/usr/bin/x`]: "→ /usr/lib/y" });
    expect(warnings).toEqual([
      {
        check: "dangling-symlink",
        message: `${root}/usr/bin/x leads to /usr/lib/y, which is not in the private root /${root}`,
      },
    ]);
  });

  it.each<[string, Planted]>([
    ["symlinks of the image itself", { "usr/bin/x": "→ /usr/sbin/tool" }],
    ["symlinks of a folder beside it", { "usr/local/tree2/bin/x": "→ /usr/sbin/tool" }],
    ["symlinks into it that go on to what only it has", { "usr/bin/x": `→ /${root}/usr/bin/inside` }],
  ])("changes nothing for %s", async (_, more) => {
    expect((await refusalOf({ ...planted, ...more })).join("\n")).toContain(
      "leads to usr/sbin/tool, which is not in the image",
    );
  });

  it("changes nothing for what programs are for, and for whom", async () => {
    const wrong: Planted = {
      [`${root}/usr/lib/x.so`]: { elf: { machine: 183, bits: 64 } },
      [`${root}/usr/bin/su`]: { mode: 0o4755 },
    };
    expect(await refusalOf({ ...planted, ...wrong })).toEqual([
      `${root}/usr/lib/x.so is for arm64, not for x86-64`,
      `${root}/usr/bin/su is setuid root, and the recipe does not declare it`,
    ]);
  });

  it("is none without what enters it", async () => {
    const { [`${root}/.flatwrap/enter`]: _, ...rest } = planted;
    expect(await refusalOf(rest)).toHaveLength(3);
  });
});

it("provides and empty refuse an image that has nothing", async () => {
  const recipe = { description: "", homepage: "", versions: fixed("1.0.0"), provides: ["usr/bin/tool"] as const };
  const plan = await planBake({ name: "tool", folder: "/nowhere", recipe }, { version: "1.0.0", arch: "x86-64" });
  const nothing = contentsOf({ "usr/lib/extension-release.d/extension-release.tool": "ID=_any\n" });
  await expect(check(nothing, plan, [])).rejects.toMatchObject({
    message: "tool-1.0.0 for x86-64 must not ship",
    details: {
      1: "usr/bin/tool is missing, which the recipe says it provides",
      2: "there is no file in it beside its metadata",
    },
    hint: expect.stringContaining("--allow provides=<reason> --allow empty=<reason>"),
  });
});

it.each<[string, Planted, Fields, string]>([
  ["a link to what only hosts have", { "usr/share/x": "→ /etc/x" }, {}, "usr/share/x leads to /etc/x"],
  ["a declared link that is not there", {}, { hostLinks: ["usr/bin/x"] }, "the image has no symlink usr/bin/x"],
  [
    "a unit whose program is the host's",
    { [`${UNITS}/x.service`]: "[Service]\nExecStart=/usr/bin/bash -c true\n" },
    {},
    "runs /usr/bin/bash, which is not in the image: it must be on the host",
  ],
])("%s is a warning", async (_, planted, fields, message) => {
  const { warnings } = await examine(planted, fields);
  expect(warnings).toEqual([{ check: expect.any(String), message: expect.stringContaining(message) }]);
});

it.each<[string, Planted, Fields]>([
  ["setuid", { "usr/bin/su": { mode: 0o4755 } }, { setuid: ["usr/bin/su"] }],
  ["hostLinks", { "usr/bin/x": "→ bash" }, { hostLinks: ["usr/bin/x"] }],
])("what the recipe declares in %s passes without a word", async (_, planted, fields) => {
  expect(await examine(planted, fields)).toEqual({ warnings: [], allowed: [] });
});

it.each([
  "/bin/kill -HUP $MAINPID",
  "/usr/bin/systemd-tmpfiles --create /usr/lib/tmpfiles.d/x.conf",
  "systemctl restart y",
])("a unit that runs %s passes without a word: every host has that", async (command) => {
  const text = `[Service]\nType=oneshot\nExecStart=${command}\n`;
  expect(await examine({ [`${UNITS}/x.service`]: text })).toEqual({ warnings: [], allowed: [] });
});

it("an allowance that nothing needs is a warning, and is not written down", async () => {
  const report = await examine({}, {}, [{ check: "setuid", reason: "just in case" }]);
  expect(report).toEqual({
    warnings: [{ check: "setuid", message: "was allowed, and has nothing to refuse" }],
    allowed: [],
  });
});
