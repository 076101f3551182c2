/** `./bakery release`: from recipes to a published site, whatever fails on the way. */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EXTENSIONS_FOLDER } from "../../../builder/catalog.ts";
import { parseExtensionProfile, parseReleaseContents, parseSha256Sums } from "../../../schema/index.ts";
import { Workplace } from "../../support/bakery.ts";
import { sha256 } from "../../support/sha256.ts";
import { Mirror } from "../../support/upstreams/mirror.ts";

const DOOR = pathToFileURL(join(EXTENSIONS_FOLDER, "../builder/recipe/index.ts")).href;
const PROGRAM = "#!/bin/sh\necho tool\n";
const VERIFY = `pinned({ "1.0.0": "${sha256(PROGRAM)}", "1.1.0": "${sha256(PROGRAM)}" })`;
const pathOf = (version: string) => `upstream.example/tool-${version}`;

let workplace: Workplace;
let mirror: Mirror;
beforeEach(async () => {
  workplace = await Workplace.open();
  mirror = await Mirror.open({ "upstream.example": () => new Response(PROGRAM) });
  await plant("tool", 'versions: fixed("1.0.0", "1.1.0"), publish: ["latest", "1.0.0"]');
});
afterEach(async () => {
  await mirror[Symbol.asyncDispose]();
  await workplace[Symbol.asyncDispose]();
});

async function plant(name: string, fields: string, extensions = "extensions"): Promise<void> {
  const folder = workplace.file(`${extensions}/${name}`);
  await mkdir(folder, { recursive: true });
  const downloads = `downloads: ({ version }) => [
    { url: \`https://upstream.example/tool-\${version}\`, verify: ${VERIFY}, install: binary("usr/bin/tool") },
  ]`;
  await writeFile(
    join(folder, "recipe.ts"),
    `import { binary, defineExtension, fixed, githubReleases, pinned, symlink } from "${DOOR}";
export default defineExtension({ description: "d", homepage: "https://example.org", ${fields}, ${downloads}, provides: ["usr/bin/tool"] });
`,
  );
}

function release(...args: string[]) {
  return releaseOf("extensions", ...args);
}

function releaseOf(extensions: string, ...args: string[]) {
  const env = { BAKERY_MIRROR: mirror.url, BAKERY_EXTENSIONS: workplace.file(extensions) };
  return workplace.run(["release", "--no-test", ...args], env);
}

async function indexed(): Promise<string[]> {
  const text = await readFile(workplace.file("site/extensions/SHA256SUMS"), "utf8").catch(() => "");
  return text === "" ? [] : parseSha256Sums(text).map(({ file }) => file);
}

const both = (...versions: string[]) =>
  versions.flatMap((version) => [`tool-${version}-arm64.raw`, `tool-${version}-x86-64.raw`]);

describe("releases", () => {
  it("are baked for both architectures, published, and told of; a second time does nothing", async () => {
    const made = await release("tool:1.0.0", "tool:1.1.0", "--to", "site", "--summary", "summary.md");
    expect(made).toMatchObject({ exitCode: 0 });
    expect(made.stdout).toMatch(/^tool-1\.0\.0 +published\ntool-1\.1\.0 +published\n/m);
    expect((await indexed()).sort()).toEqual(both("1.0.0", "1.1.0"));
    expect(await readFile(workplace.file("summary.md"), "utf8")).toMatch(
      /^## Releases\n\n\| Release .*\n.*\n\| tool-1\.0\.0 \| published \| x86-64 .*, arm64 .* \|/,
    );
    mirror.arrivals.length = 0;
    const again = await release("tool:1.0.0", "tool:1.1.0", "--to", "site");
    expect(again.stdout).toMatch(/^tool-1\.0\.0 +there\n/m);
    expect(again.stderr).not.toContain("Packing");
    expect(mirror.arrivals).toEqual([]);
  });

  it("are a folder each, with all that belongs to them; the log and what follows from the manifest are published", async () => {
    await release("tool:1.0.0", "--to", "site");
    const documents = ["build.log", "contents.json", "provenance.intoto.json", "sbom.cdx.json"];
    const names = ["SHA256SUMS", "extension.json", "release.json", "tool.conf", ...documents];
    expect((await readdir(workplace.file("releases/tool-1.0.0"))).sort()).toEqual([...names, ...both("1.0.0")].sort());
    const text = (path: string) => readFile(workplace.file(path), "utf8");
    expect(await text("releases/tool-1.0.0/SHA256SUMS")).toBe(await text("site/extensions/tool/SHA256SUMS"));
    for (const file of documents) {
      expect(await text(`site/extensions/tool-1.0.0/${file}`)).toBe(await text(`releases/tool-1.0.0/${file}`));
    }
    const contents = parseReleaseContents(await text("releases/tool-1.0.0/contents.json"));
    expect(contents.images.map(({ arch }) => arch)).toEqual(["x86-64", "arm64"]);
    expect(contents.images[0]?.largest).toContainEqual({ path: "usr/bin/tool", size: PROGRAM.length });
    expect(parseExtensionProfile(await text("site/extensions/tool/extension.json"))).toMatchObject({
      extension: "tool",
      version: "1.0.0",
      host: { activation: "reboot" },
    });
    const log = await text("releases/tool-1.0.0/build.log");
    expect(log).toMatch(/^tool-1\.0\.0, 20.*\n• Assembling, /);
    expect(log).toMatch(/^• Packing squashfs, arm64 /m);
    await release("tool:1.0.0", "--to", "site");
    expect(await text("releases/tool-1.0.0/build.log")).toBe(log);
  });

  it("that another run makes in the same folder are waited for, and not made twice", async () => {
    const runs = await Promise.all([1, 2].map(() => release("tool:1.0.0", "tool:1.1.0", "--to", "site")));
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(runs.map(({ stderr }) => stderr).join("")).toMatch(/another run makes tool-1\.[01]\.0 in this folder/);
    expect(mirror.count(pathOf("1.0.0"))).toBe(1);
    expect(runs.flatMap(({ stderr }) => stderr.match(/^• Packing .*/gm) ?? [])).toHaveLength(4);
    expect((await indexed()).sort()).toEqual(both("1.0.0", "1.1.0"));
  });

  it("that fail do not keep the others from being made, and are gone on with", async () => {
    mirror.fail(pathOf("1.0.0"), "garble");
    const first = await release("tool:1.0.0", "tool:1.1.0", "--to", "site", "--summary", "summary.md");
    expect(first).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("error: 1 of 2 releases failed\n") });
    expect(first.stdout).toMatch(/^tool-1\.0\.0 +failed\ntool-1\.1\.0 +published\n/m);
    expect((await indexed()).sort()).toEqual(both("1.1.0"));
    expect(await readFile(workplace.file("releases/tool-1.0.0/build.log"), "utf8")).toMatch(/^failed: .*checksum/m);
    expect(await readFile(workplace.file("summary.md"), "utf8")).toMatch(
      /\n### tool-1\.0\.0 failed\n\n {4}.*checksum\n {4}for: tool 1\.0\.0 /,
    );
    expect(await release("tool:1.0.0", "tool:1.1.0", "--to", "site")).toMatchObject({ exitCode: 0 });
    expect((await indexed()).sort()).toEqual(both("1.0.0", "1.1.0"));
  });

  it("older than what is published leave the profile as it is", async () => {
    const version = async () =>
      JSON.parse(await readFile(workplace.file("site/extensions/tool/extension.json"), "utf8")).version;
    for (const [name, stays] of [
      ["1.1.0", "1.1.0"],
      ["1.0.0", "1.1.0"],
    ] as const) {
      expect(await release(`tool:${name}`, "--to", "site")).toMatchObject({ exitCode: 0 });
      expect(await version()).toBe(stays);
    }
  });

  it("stay as they are where a README is published anew, by describe alone", async () => {
    await release("tool:1.0.0", "tool:1.1.0", "--to", "site");
    await plant("unreleased", 'versions: fixed("1.0.0")');
    await writeFile(workplace.file("extensions/tool/README.md"), "# tool\n\nTold anew.\n");
    const profile = async () => readFile(workplace.file("site/extensions/tool/extension.json"), "utf8");
    const env = { BAKERY_EXTENSIONS: workplace.file("extensions") };
    const before = await indexed();
    for (const _ of ["once", "again"]) {
      expect(await workplace.run(["describe", "--all", "--to", "site"], env)).toMatchObject({
        exitCode: 0,
        stdout: expect.stringMatching(/^EXTENSION +VERSION +RESULT\ntool +1\.1\.0 +described\n$/),
      });
      expect(parseExtensionProfile(await profile())).toMatchObject({
        version: "1.1.0",
        readme: "# tool\n\nTold anew.\n",
      });
    }
    expect(await indexed()).toEqual(before);
    const newer = (await profile()).replace('"version": "1.1.0"', '"version": "1.2.0"');
    await writeFile(workplace.file("site/extensions/tool/extension.json"), newer);
    const mixed = await workplace.run(["describe", "tool", "unreleased", "--to", "site"], env);
    expect(mixed).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^ +unreleased +nothing is published$/m),
    });
    expect(mixed.stdout).toMatch(/^tool +1\.1\.0 +stays as it is/m);
    expect(await profile()).toBe(newer);
    for (const args of [[], ["tool", "--all"]]) {
      expect(await workplace.run(["describe", ...args, "--to", "site"], env)).toMatchObject({ exitCode: 2 });
    }
    expect(await workplace.run(["describe", "tool", "--to", "github:acme/bakery"], env)).toMatchObject({ exitCode: 2 });
  });

  it("whose contents are told of other images are not published", async () => {
    await release("tool:1.0.0");
    const path = workplace.file("releases/tool-1.0.0/contents.json");
    await writeFile(path, (await readFile(path, "utf8")).replace(/"sha256":"..../, '"sha256":"0000'));
    const refused = await workplace.run(["publish", "releases/tool-1.0.0", "--to", "site"]);
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("of other images of tool-1.0.0") });
    expect(await indexed()).toEqual([]);
    expect(await release("tool:1.0.0", "--to", "site")).toMatchObject({ exitCode: 0 });
  });

  it("of a recipe that throws fail alone", async () => {
    await plant("thrower", 'versions: fixed("1.0.0"), tree: () => [nonesuch]');
    const made = await release("thrower:1.0.0", "tool:1.0.0", "--to", "site");
    expect(made.stdout).toMatch(/^thrower-1\.0\.0 +failed\ntool-1\.0\.0 +published\n/m);
    expect(made).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("nonesuch is not defined") });
  });

  it("are those that are missing, or all, and no more than is asked for", async () => {
    expect((await release("--missing", "--to", "site", "--limit", "1")).stdout).toMatch(/^tool-1\.1\.0 +published\n$/m);
    expect((await release("--missing", "--to", "site")).stdout).toMatch(/^tool-1\.0\.0 +published\n$/m);
    expect(await release("--missing", "--to", "site")).toMatchObject({ exitCode: 0, stdout: "nothing to release\n" });
    await rm(workplace.file("releases"), { recursive: true });
    const all = await release("--all", "--dir", "elsewhere", "--json");
    expect(JSON.parse(all.stdout)).toMatchObject({
      releases: ["tool-1.1.0", "tool-1.0.0"].map((name) => ({ release: name, result: "baked" })),
      unknown: [],
    });
    expect(JSON.parse(await readFile(workplace.file("elsewhere/tool-1.0.0/release.json"), "utf8"))).toMatchObject({
      version: "1.0.0",
    });
  });

  it("of extensions whose upstream answers are made, though others' does not, or their recipe throws", async () => {
    await plant("gone", 'versions: githubReleases("example/gone")');
    await plant("broken", "versions: fixed(nonesuch)");
    const made = await release("--missing", "--to", "site", "--json");
    expect(made.exitCode).toBe(1);
    const { error } = JSON.parse(made.stdout);
    expect(error).toMatchObject({ message: "what is to be released is not known of all extensions" });
    expect(error.value.unknown).toMatchObject([
      { extension: "broken", error: { details: { reason: "nonesuch is not defined" } } },
      { extension: "gone", error: { kind: "UpstreamError" } },
    ]);
    expect((await indexed()).sort()).toEqual(both("1.0.0", "1.1.0"));
  });

  it("that are published otherwise stay as they are", async () => {
    await release("tool:1.0.0", "--to", "site");
    const before = await readFile(workplace.file("site/extensions/SHA256SUMS"), "utf8");
    await plant("tool", 'versions: fixed("1.0.0"), tree: () => [symlink("usr/bin/t", "tool")]', "changed");
    const failed = await releaseOf("changed", "tool:1.0.0", "--to", "site");
    expect(failed).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/^tool-1\.0\.0 +failed$/m) });
    expect(await readFile(workplace.file("site/extensions/SHA256SUMS"), "utf8")).toBe(before);
  });

  it.each([
    [[], "say which releases"],
    [["tool:1.0.0", "--all"], "say which releases"],
    [["--missing"], "--missing says nothing without --to"],
    [["tool"], "no release: tool"],
    [["tool:../1"], "no release: tool:../1"],
    [["tol:1.0.0", "tool:1.0.0"], "unknown extension: tol"],
    [["tool:1.0.0", "--to", "ftp://x"], "no bakery's URL: ftp://x"],
  ])("are not those of %j", async (args, said) => {
    expect(await release(...args)).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringContaining(said) });
    expect(mirror.arrivals).toEqual([]);
  });
});
