/** What goes to a packer by pipe: GNU tar and our own reader see what was meant, and squashfs-tools packs it. */
import { readFile, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { packerFor } from "../../../../builder/bake/pack/packer.ts";
import { type RootEntry, textFile, wholeContent } from "../../../../builder/bake/root/entry.ts";
import { readTar } from "../../../../builder/bake/root/tar-reader.ts";
import { writeTar } from "../../../../builder/bake/root/tar-writer.ts";
import { run } from "../../../../builder/system/run.ts";
import { Workplace } from "../../../support/bakery.ts";

const LONG = `${"deep/".repeat(40)}${"n".repeat(200)}`;
const parents = LONG.split("/")
  .slice(0, -1)
  .map((_, at, all) => all.slice(0, at + 1).join("/"));
const ENTRIES: readonly RootEntry[] = [
  ...parents.map((path) => ({ path, kind: "folder" as const })),
  textFile(LONG, "long"),
  textFile("grüße 🍞\n", "x".repeat(513), { executable: true }),
  { ...textFile("setuid", ""), mode: 0o4755 },
  { path: "link", kind: "symlink", target: `${"../".repeat(60)}ü` },
  { path: "same", kind: "hard-link", to: "setuid" },
];
async function* entries() {
  yield* ENTRIES;
}

it("is what GNU tar and our own reader take it for", async () => {
  await using workplace = await Workplace.open();
  const bytes = await wholeContent(writeTar(entries(), 1_700_000_000));
  await writeFile(workplace.file("a.tar"), bytes);
  const listed = await run("tar", ["-tvf", workplace.file("a.tar"), "--quoting-style=literal"], { env: { TZ: "UTC" } });
  expect(listed).toContain(`-rw-r--r-- 0/0               4 2023-11-14 22:13 ${LONG}\n`);
  expect(listed).toContain("hrwxr-xr-x 0/0               0 2023-11-14 22:13 same link to setuid\n");

  const read: string[] = [];
  const source = async function* () {
    yield bytes;
  };
  for await (const { name, kind, mode, size, linkName } of readTar(source())) {
    read.push([name.replace(/\/$/, ""), kind, mode.toString(8), size, linkName].join(" "));
  }
  const said = ENTRIES.map((entry) => {
    const mode = entry.kind === "file" ? entry.mode : entry.kind === "symlink" ? 0o777 : 0o755;
    const to = entry.kind === "symlink" ? entry.target : entry.kind === "hard-link" ? entry.to : "";
    return [entry.path, entry.kind, mode.toString(8), entry.kind === "file" ? entry.size : 0, to].join(" ");
  });
  expect(read).toEqual(said);
});

it("is packed by mksquashfs, with names that do not fit into a header", async () => {
  await using workplace = await Workplace.open();
  const image = workplace.file("a.raw");
  await packerFor("squashfs").pack(entries(), image, { epoch: 0, scratch: workplace.path });
  await run("unsquashfs", ["-quiet", "-no-progress", "-dest", workplace.file("out"), image]);
  expect(await readFile(workplace.file(`out/${LONG}`), "utf8")).toBe("long");
  const listed = await run("find", [workplace.file("out"), "-maxdepth", "1", "-printf", "%P %m %n %l\\0"]);
  expect(listed.split("\0")).toEqual(
    expect.arrayContaining([
      "deep 755 3 ",
      "grüße 🍞\n 755 1 ",
      "setuid 4755 2 ",
      "same 4755 2 ",
      `link 777 1 ${"../".repeat(60)}ü`,
    ]),
  );
});
