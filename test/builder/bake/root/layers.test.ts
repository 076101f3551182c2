/** Trees laid over each other while they pass by: which file counts, what edits do, and what cannot be both. */
import { describe, expect, it } from "vitest";
import type { Plan } from "../../../../builder/bake/plan.ts";
import { type RootEntry, textFile, wholeContent } from "../../../../builder/bake/root/entry.ts";
import { type Edits, type Layer, lay } from "../../../../builder/bake/root/layers.ts";
import { Survey } from "../../../../builder/bake/root/survey.ts";
import { writtenLayer } from "../../../../builder/bake/root/written.ts";
import { file, remove, replace, symlink, type TreeEntry } from "../../../../builder/recipe/index.ts";

const NO_EDITS: Edits = { removed: [], replaced: [] };
const layer = (name: string, ...entries: RootEntry[]): Layer => ({ name, entries, isEdited: true });
const hardLink = (path: string, to: string): RootEntry => ({ path, kind: "hard-link", to });
const link = (path: string, target: string): RootEntry => ({ path, kind: "symlink", target });
const folder = (path: string): RootEntry => ({ path, kind: "folder" });

/** What comes out: files as `path=text`. */
async function laid(layers: readonly Layer[], edits = NO_EDITS): Promise<string[]> {
  const lines: string[] = [];
  for await (const entry of lay(layers, edits)) {
    if (entry.kind === "file") lines.push(`${entry.path}=${await wholeContent(entry.content)}`);
    else if (entry.kind === "folder") lines.push(`${entry.path}/`);
    else lines.push(`${entry.path}→${entry.kind === "symlink" ? entry.target : entry.to}`);
  }
  return lines;
}

describe("of each path", () => {
  it("the first one counts, and folders come once, before what is in them", async () => {
    const top = layer("top", textFile("usr/bin/x", "top"));
    const below = layer(
      "below",
      folder("usr"),
      folder("usr/bin"),
      textFile("usr/bin/x", "below"),
      textFile("usr/share/y", "y"),
    );
    expect(await laid([top, below])).toEqual(["usr/", "usr/bin/", "usr/bin/x=top", "usr/share/", "usr/share/y=y"]);
  });

  it("a symlink and a file replace each other, but no folder", async () => {
    expect(await laid([layer("a", link("x", "y")), layer("b", textFile("x", ""))])).toEqual(["x→y"]);
    expect(await laid([layer("a", textFile("x", "")), layer("b", link("x", "y"))])).toEqual(["x="]);
    for (const other of [textFile("x", ""), link("x", "y"), hardLink("x", "y")]) {
      for (const layers of [
        [layer("a", folder("x")), layer("b", other)],
        [layer("a", other), layer("b", folder("x"))],
      ]) {
        await expect(laid(layers)).rejects.toThrow(/^x is a|hard link/);
      }
    }
  });

  it("nothing goes below a file or through a symlink", async () => {
    await expect(laid([layer("a", textFile("x", "")), layer("b", textFile("x/y", ""))])).rejects.toThrow(
      "x/y is below x",
    );
    await expect(laid([layer("a", link("x", ".")), layer("b", textFile("x/y", ""))])).rejects.toThrow(
      "x/y leads through the symlink x",
    );
  });
});

describe("a hard link", () => {
  it("goes with its file", async () => {
    expect(await laid([layer("a", textFile("x", "x"), hardLink("y", "x"))])).toEqual(["x=x", "y→x"]);
  });

  it("to a file that another layer replaces, or that is removed, would be one to something else", async () => {
    const below = layer("below", textFile("x", "x"), hardLink("y", "x"));
    await expect(laid([layer("top", textFile("x", "other")), below])).rejects.toThrow("y is a hard link to x");
    await expect(laid([below], { removed: ["x"], replaced: [] })).rejects.toThrow("y is a hard link to x");
  });
});

describe("a recipe's tree", () => {
  const below = [
    layer("below", folder("usr"), textFile("usr/a/one", "1 $& 1"), textFile("usr/a/two", "2"), link("usr/l", "a")),
  ];
  const perform = async (...tree: TreeEntry[]) => {
    const plan = { extension: "x", arch: "x86-64", os: "_any", reload: false, upholds: [], tree } as unknown as Plan;
    const { entries, edits } = writtenLayer(plan);
    const lines = await laid([{ name: "tree", entries, isEdited: false }, ...below], edits);
    return lines.filter(
      (line) => !line.includes("extension-release") && !line.endsWith("/") && !line.startsWith("usr/l"),
    );
  };

  it.each<[string, TreeEntry[], string[]]>([
    ["writes over what is below", [file("usr/a/one", "new")], ["usr/a/one=new", "usr/a/two=2"]],
    ["removes a file", [remove("usr/a/one")], ["usr/a/two=2"]],
    ["removes a folder with what is in it", [remove("usr/a/")], []],
    ["removes, and writes anew", [remove("usr/a"), file("usr/a/one", "new")], ["usr/a/one=new"]],
    ["takes back what it wrote", [file("usr/b", ""), remove("usr/b")], ["usr/a/one=1 $& 1", "usr/a/two=2"]],
    [
      "replaces each occurrence, and takes no text for a pattern",
      [replace("usr/a/one", "1", "$&")],
      ["usr/a/one=$& $& $&", "usr/a/two=2"],
    ],
    [
      "replaces one after the other",
      [replace("usr/a/two", "2", "3"), replace("./usr/a/two", "3", "4")],
      ["usr/a/one=1 $& 1", "usr/a/two=4"],
    ],
    [
      "replaces in what it wrote",
      [file("usr/b", "b"), replace("usr/b", "b", "c")],
      ["usr/b=c", "usr/a/one=1 $& 1", "usr/a/two=2"],
    ],
  ])("%s", async (_, tree, expected) => {
    expect(await perform(...tree)).toEqual(expected);
  });

  it.each<[string, TreeEntry[], string]>([
    ["removes what is not there", [remove("usr/b")], "the image has no usr/b"],
    ["removes the same twice", [file("usr/b", ""), remove("usr/b"), remove("usr/b")], "the image has no usr/b"],
    ["replaces in what is not there", [replace("usr/b", "a", "b")], "the image has no usr/b"],
    ["replaces what does not occur", [replace("usr/a/one", "x", "y")], "nothing to replace in usr/a/one"],
    ["replaces in a symlink", [replace("usr/l", "a", "b")], "usr/l is no file"],
    ["replaces in a folder", [replace("usr/a", "a", "b")], "the image has no usr/a"],
    ["replaces in part, and as a whole", [replace("usr/a/one", "1", "2"), file("usr/a/one", "")], "cannot be both"],
    ["writes out of the image", [file("usr/../../x", "")], "not a path inside the image"],
    ["links at an absolute path", [symlink("/usr/x", "y")], "not a path inside the image"],
    ["writes where a folder is", [file("usr/a", "")], "usr/a/one is below usr/a, which is a file"],
  ])("that %s is refused", async (_, tree, problem) => {
    await expect(perform(...tree)).rejects.toThrow(problem);
  });

  it("is not taken to change text in what is none", async () => {
    const binary: RootEntry = { path: "x", kind: "file", mode: 0o644, size: 2, content: [Buffer.of(0xff, 0x61)] };
    const edits = { removed: [], replaced: [{ path: "x", from: "a", to: "b" }] };
    await expect(laid([layer("a", binary)], edits)).rejects.toThrow("x is no text");
  });
});

describe("a survey", () => {
  async function over(...entries: RootEntry[]) {
    const survey = new Survey();
    const source = async function* () {
      yield* entries;
    };
    for await (const entry of survey.over(source())) if (entry.kind === "file") await wholeContent(entry.content);
    return survey.contents;
  }

  it("knows afterwards what has passed by", async () => {
    const elf = Buffer.alloc(64);
    elf.write("\x7fELF\x02\x01", "latin1");
    elf.writeUInt16LE(183, 18);
    const unit = textFile("usr/lib/systemd/system/x.service", "[Unit]\n");
    const program: RootEntry = {
      path: "usr/bin/x",
      kind: "file",
      mode: 0o4755,
      size: 64,
      content: [elf.subarray(0, 7), elf.subarray(7)],
    };
    const { entries, texts } = await over(
      unit,
      program,
      hardLink("usr/bin/y", "usr/bin/x"),
      link("usr/bin/l", "x"),
      folder("opt"),
    );
    expect(entries.map(({ path, kind, mode }) => `${path} ${kind} ${mode.toString(8)}`)).toEqual([
      "opt folder 755",
      "usr/bin/l symlink 777",
      "usr/bin/x file 4755",
      "usr/bin/y file 4755",
      "usr/lib/systemd/system/x.service file 644",
    ]);
    expect(entries.map(({ elf: head }) => head?.machine)).toEqual([undefined, undefined, 183, 183, undefined]);
    expect([...texts]).toEqual([["usr/lib/systemd/system/x.service", "[Unit]\n"]]);
  });

  it("lets nothing pass that is longer or shorter than it said", async () => {
    for (const size of [1, 3]) {
      const file_: RootEntry = { path: "x", kind: "file", mode: 0o644, size, content: [Buffer.from("ab")] };
      await expect(over(file_)).rejects.toThrow(/x has . bytes, not/);
    }
  });

  it("refuses a unit file that would be checked by nobody", async () => {
    const hidden = [textFile("usr/share/x", "[Unit]\n"), hardLink("usr/lib/systemd/system/x.service", "usr/share/x")];
    await expect(over(...hidden)).rejects.toThrow("so nobody could check it");
  });
});
