/** What a merge test finds out of what it was given, before a guest starts: a file, a release's folder, a bakery's URL. */

import { readFile, rename } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bakeRelease } from "../../builder/bake/bake-release.ts";
import { contextOf } from "../../builder/bake/context.ts";
import { kitchenFrom } from "../../builder/bake/kitchen.ts";
import { smokeCommands } from "../../builder/bake/smoke.ts";
import { Catalog } from "../../builder/catalog.ts";
import { machineArch } from "../../builder/guest/machine-arch.ts";
import { type Subject, withSubject } from "../../builder/guest/merge-test/subject.ts";
import { DirectoryPublisher } from "../../builder/publish/directory/publisher.ts";
import { openRelease } from "../../builder/publish/publisher.ts";
import { Workplace } from "../support/bakery.ts";
import { bakeIn, plantIn, service } from "../support/guest-images.ts";

const FILE = `planted-1.0.0-${machineArch()}.raw`;
const UNIT = "usr/lib/systemd/system/planted.service";
const FIELDS =
  'upholds: ["planted.service"], smoke: [{ run: ["planted"], prints: /^up$/m }], transfers: [r.patchLevel()],';

let workplace: Workplace;
let catalog: Catalog;
let server: Server;
let url: string;
beforeAll(async () => {
  workplace = await Workplace.open();
  const files = { "usr/bin/planted": "#!/bin/sh\n", [UNIT]: service("planted") };
  catalog = new Catalog(await plantIn(workplace.file("extensions"), "planted", { files, fields: FIELDS }));
  const request = {
    version: "1.0.0",
    hosting: { bakeryUrl: "https://bakery.example", verify: true },
    circumstances: { builtAt: new Date() },
  };
  await bakeRelease(await catalog.load("planted"), request, workplace.file("release"), kitchenFrom({}));
  await new DirectoryPublisher(workplace.file("site")).publish(await openRelease(workplace.file("release")));
  server = createServer((asked, response) => {
    readFile(join(workplace.file("site"), decodeURIComponent(asked.url ?? "").replace(/^\/below/, ""))).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/below/extensions/planted`;
});
afterAll(async () => {
  server.close();
  await workplace[Symbol.asyncDispose]();
});

async function subjectOf(operand: string, recipes = catalog): Promise<Subject> {
  const world = { ...kitchenFrom({}), cwd: workplace.path, catalog: recipes };
  return withSubject(operand, world, { smoke: [{ run: ["sh", "-c", "x"] }] }, async (subject) => subject);
}

const KNOWN = {
  release: { extension: "planted", version: "1.0.0" },
  arch: machineArch(),
  metadata: { ID: "_any", EXTENSION_RELOAD_MANAGER: "1" },
  transfers: [
    { file: "planted-1.0.conf", transfer: { verify: true, source: { matchPatterns: ["planted-1.0.@v-%a.raw"] } } },
  ],
  expects: {
    provides: ["usr/bin/planted", UNIT],
    units: [UNIT],
    upheld: ["planted.service"],
    smoke: [{ run: ["planted"], prints: { pattern: "^up$", flags: "m" } }, { run: ["sh", "-c", "x"] }],
  },
  notes: ["the recipe of planted says what it provides, upholds and runs"],
};

it.each([
  ["a release's folder", () => "release"],
  ["an image of it", () => `release/${FILE}`],
  ["a bakery's image", () => `${url}/${FILE}`],
])("%s is tested as what its manifest says, with the transfer file of its release", async (_, operand) => {
  expect(await subjectOf(operand())).toMatchObject(KNOWN);
});

it("an image alone is what its name says, and follows what its recipe would have it follow", async () => {
  await using elsewhere = await Workplace.open();
  const image = await bakeIn(elsewhere, catalog.folder, "planted");
  await rename(image, elsewhere.file(FILE));
  for (const name of ["planted.release.json", "planted-1.0.conf"])
    await rename(elsewhere.file(name), elsewhere.file("x"));
  expect(await subjectOf(elsewhere.file(FILE))).toMatchObject({
    ...KNOWN,
    transfers: [{ file: "planted-1.0.conf", transfer: { verify: false } }],
    notes: [KNOWN.notes[0], expect.stringContaining("no transfer file of its release is there")],
  });
});

it("an image whose name says no version, and that no recipe knows, is tested as what it says itself", async () => {
  await using elsewhere = await Workplace.open();
  await rename(await bakeIn(elsewhere, catalog.folder, "planted"), workplace.file("planted.raw"));
  const { expects, release, transfers, notes } = await subjectOf("planted.raw", new Catalog(workplace.path));
  expect(release).toEqual({ extension: "planted", version: "0.0.0" });
  expect(transfers).toMatchObject([{ file: "planted.conf" }]);
  expect(expects).toEqual({ units: [UNIT], upheld: ["planted.service"], smoke: [{ run: ["sh", "-c", "x"] }] });
  expect(notes).toEqual([
    "no release manifest beside it names this image: it is called version 0.0.0",
    "no recipe is called planted: nothing says what it provides",
    expect.stringContaining("no transfer file"),
  ]);
  // What follows a series follows one of this version, too.
  const fields = `${FIELDS} versions: r.githubReleases("example/planted"),`;
  const known = new Catalog(await plantIn(elsewhere.file("extensions"), "planted", { files: {}, fields }));
  expect((await subjectOf("planted.raw", known)).transfers).toMatchObject([{ file: "planted-0.0.conf" }]);
});

it("smoke commands are data, whichever way a recipe says them", async () => {
  const { recipe } = await catalog.load("planted");
  const context = contextOf({ version: "1.0.0", tag: "v1.0.0", arch: "arm64", bundled: {}, options: {} });
  const smoke = ({ version }: { version: string }) => [{ run: ["x"] as const, prints: version }];
  expect(smokeCommands({ ...recipe, smoke }, context)).toEqual([{ run: ["x"], prints: { text: "1.0.0" } }]);
});
