/** Releases of a bakery on GitHub, brought into a folder and into a bakery of the worker. */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EXTENSIONS_FOLDER } from "../../builder/catalog.ts";
import {
  formatInventory,
  parseExtensionProfile,
  parseInventory,
  parseReleaseManifest,
  parseSha256Sums,
  yankRelease,
} from "../../schema/index.ts";
import { importReleases } from "../../scripts/import-releases.ts";
import { live } from "../builder/publish/lives.ts";
import { Workplace } from "../support/bakery.ts";
import { localBakery } from "../support/local-bakery.ts";
import { Machine } from "../support/machine.ts";
import { imagesOf, referenceReleases, referenceTransfer, squashfs } from "../support/reference-releases.ts";
import { describeWhere } from "../support/requirements.ts";
import { sha256 } from "../support/sha256.ts";
import { clientUnavailable, systemdClient } from "../support/systemd-client.ts";
import { FakeGitHub } from "../support/upstreams/github.ts";
import { Mirror } from "../support/upstreams/mirror.ts";

const DOOR = join(EXTENSIONS_FOLDER, "../builder/recipe/index.ts");
const REPOSITORY = "acme/bakery";
const DOWNLOADS = "objects.githubusercontent.com/acme/bakery";
const OLD_BAKERY = "https://old.example.org";

const RELEASES = [
  ["tool", "1.0.0"],
  ["tool", "1.1.0"],
  ["widget", "v2.0.0"],
] as const;
const confOf = (extension: string, version: string) => referenceTransfer(extension, version, OLD_BAKERY);

let workplace: Workplace;
let github: FakeGitHub;
let internet: Mirror;
beforeEach(async () => {
  workplace = await Workplace.open();
  github = new FakeGitHub();
  github.publish(REPOSITORY, ...referenceReleases(RELEASES, OLD_BAKERY));
  internet = await Mirror.open(github.hosts);
});
afterEach(async () => {
  await internet[Symbol.asyncDispose]();
  await workplace[Symbol.asyncDispose]();
});

async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const written = { stdout: "", stderr: "" };
  const screen = (name: "stdout" | "stderr") => ({ write: (text: string) => (written[name] += text) });
  const exitCode = await importReleases(["--from", REPOSITORY, ...args], {
    stdout: screen("stdout"),
    stderr: screen("stderr"),
    env: { BAKERY_MIRROR: internet.url, BAKERY_CACHE: workplace.cache, ...env },
    cwd: workplace.path,
  });
  return { exitCode, ...written };
}

const read = (path: string) => readFile(workplace.file(`site/extensions/${path}`), "utf8");
const asked = (end: string) => internet.arrivals.filter(({ path }) => path.startsWith(DOWNLOADS) && path.endsWith(end));

describe("importing releases", () => {
  it("brings all of them, with manifests that say where they come from, and the doctor agrees", async () => {
    const { exitCode, stdout, stderr } = await run(["--to", "site"]);
    expect([exitCode, stderr]).toEqual([0, "• Examining                     2 extensions, 6 images\n"]);
    expect(stdout).toMatch(/^RELEASE +RESULT\ntool-1.0.0 +imported\ntool-1.1.0 +imported\nwidget-v2.0.0 +imported\n/);
    expect(parseSha256Sums(await read("tool/SHA256SUMS")).map(({ file }) => file)).toEqual([
      ...imagesOf("tool", "1.1.0"),
      ...imagesOf("tool", "1.0.0"),
    ]);
    const manifest = parseReleaseManifest(await read("tool-1.1.0/release.json"));
    expect(manifest.provenance).toEqual({
      builtAt: "2026-01-17T03:04:05.000Z",
      imported: { from: `https://github.com/${REPOSITORY}/releases/tag/tool-1.1.0` },
      bundled: {},
      downloads: [],
    });
    const [image] = manifest.images;
    expect(image).toEqual({
      file: "tool-1.1.0-x86-64.raw",
      arch: "x86-64",
      format: "squashfs",
      size: 2_000,
      sha256: sha256(squashfs("tool-1.1.0-x86-64.raw")),
    });
    expect(await read("tool-1.1.0/tool.conf")).toBe(confOf("tool", "1.1.0"));

    internet.arrivals.length = 0;
    expect((await run(["--to", "site"])).stdout).toContain("nothing was imported\n");
    expect(asked("").map(({ path }) => path.slice(DOWNLOADS.length))).toEqual([
      "/SHA256SUMS/SHA256SUMS",
      "/tool/SHA256SUMS",
      "/widget/SHA256SUMS",
    ]);
    expect(internet.arrivals.filter(({ path }) => path.startsWith("api."))).toEqual([]);
  });

  it("with --only and --dry-run is about those alone, and changes nothing", async () => {
    const only = ["--only", "tool:1.1.0", "--only", "widget"];
    expect(await run(["--to", "site", "--dry-run", ...only])).toMatchObject({
      exitCode: 0,
      stdout: "tool-1.1.0\nwidget-v2.0.0\n",
    });
    expect(await readdir(workplace.path)).toEqual([]);
    expect(await run(["--to", "site", ...only, "--url", "https://new.example.org"])).toMatchObject({ exitCode: 0 });
    expect(await read("tool.conf")).toBe(confOf("tool", "1.1.0").replace(OLD_BAKERY, "https://new.example.org"));
    expect(await read("tool/SHA256SUMS")).not.toContain("1.0.0");
    expect((await run(["--to", "site", "--only", "tool:9.0"])).stderr).toContain("has no tool-9.0");
  });

  it("a release that is damaged, or that indexes do not agree on, is named, and the others are imported", async () => {
    const image = `${DOWNLOADS}/tool-1.0.0/tool-1.0.0-arm64.raw`;
    internet.fail(image, "garble");
    const other = `${"a".repeat(64)}  widget-v2.0.0-arm64.raw\n`;
    github.publish(REPOSITORY, { tag: "widget-v2.0.0", assets: { SHA256SUMS: other } });
    const { exitCode, stderr } = await run(["--to", "site"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("tool-1.0.0 was not imported\nerror: tool-1.0.0-arm64.raw is not what the index says\n");
    expect(stderr).toContain("widget-v2.0.0 was not imported\nerror: the indexes do not agree on widget-v2.0.0-");
    expect(await read("SHA256SUMS")).toBe(await read("tool/SHA256SUMS"));

    internet.arrivals.length = 0;
    expect((await run(["--to", "site", "--only", "tool"])).stdout).toContain("tool-1.0.0  imported\n");
    // What was right is here still.
    expect(asked(".raw").map(({ path }) => path)).toEqual([image]);
  });

  it("tells what extensions are where there is a recipe of that name, and makes up for what it has not told", async () => {
    const recipe = (exported: string) =>
      `import { defineExtension, file, fixed, patchLevel, everyVersion } from ${JSON.stringify(DOOR)};\n${exported}\n`;
    const folder = workplace.file("extensions/tool");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "README.md"), "# tool\n");
    const env = { BAKERY_EXTENSIONS: workplace.file("extensions") };
    const path = join(folder, "recipe.ts");

    await writeFile(path, recipe("export default {};"));
    const { exitCode, stdout, stderr } = await run(["--to", "site"], env);
    expect([exitCode, stdout]).toEqual([1, expect.stringMatching(/^tool-1.1.0 +imported$/m)]);
    expect(stderr).toContain("tool was not described\nerror: the recipe of tool ");
    await expect(read("tool/extension.json")).rejects.toThrow("ENOENT");

    // Another folder, for modules are loaded once.
    await mkdir(workplace.file("more/tool"), { recursive: true });
    await writeFile(
      workplace.file("more/tool/recipe.ts"),
      recipe(`export default defineExtension({ description: "A tool", homepage: "https://example.org", kind: "system",
        versions: fixed("9.0.0"), transfers: [everyVersion(), patchLevel()], tree: () => [file("usr/share/tool", "")],
        provides: ["usr/share/tool"] });`),
    );
    expect(await run(["--to", "site"], { BAKERY_EXTENSIONS: workplace.file("more") })).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("nothing was imported\n"),
    });
    const profile = parseExtensionProfile(await read("tool/extension.json"));
    expect(profile).toMatchObject({ version: "1.1.0", description: "A tool", transfers: ["every-version"] });
    expect(profile.verifiedBy).toBeUndefined();
    await expect(read("widget/extension.json")).rejects.toThrow("ENOENT");
  });

  it("what was withdrawn from where it goes is not brought back", async () => {
    await run(["--to", "site", "--only", "tool"]);
    const path = workplace.file("site/extensions/tool/releases.json");
    const inventory = parseInventory(await readFile(path, "utf8"));
    await writeFile(path, formatInventory(yankRelease(inventory, "1.0.0", "broken", new Date())));
    await workplace.run(["reindex", "tool", "--to", "site"]);
    expect(await run(["--to", "site", "--only", "tool"])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("nothing was imported\n"),
    });
    expect(await read("SHA256SUMS")).not.toContain("1.0.0");
  });

  it("killed at any request, it goes on when it is run again", async () => {
    const args = ["--to", "site", "--only", "tool:1.1.0"];
    const { requests } = await live(() => run(args));
    expect(requests.length).toBeGreaterThan(6);
    for (let at = 1; at <= requests.length; at++) {
      for (const folder of [workplace.file("site"), workplace.cache])
        await rm(folder, { recursive: true, force: true });
      expect(await live(() => run(args), { at, where: "after" })).toMatchObject({ isDead: true });
      expect(await run(args), String(at)).toMatchObject({ exitCode: 0 });
      expect(await read("SHA256SUMS"), String(at)).toContain("tool-1.1.0-arm64.raw");
    }
  });

  it("is told what is wrong with what it is asked", async () => {
    expect(await run([])).toMatchObject({ exitCode: 2 });
    expect(await run(["--to", "site", "--only", "Tool"])).toMatchObject({ exitCode: 2 });
    expect(await run(["--to", "site", "--ony", "tool"])).toMatchObject({ exitCode: 2 });
    expect(await run(["--to", "site", "--from", "acme/none"])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("acme/none has no SHA256SUMS/SHA256SUMS"),
    });
    expect((await run(["--help"])).stdout).toContain("--only <ext[:version]>");
  });
});

describeWhere(await clientUnavailable(), "releases that are imported into a bakery", () => {
  it("are installed by systemd-sysupdate, from where their transfer files lead", async () => {
    const bakery = await localBakery({ vars: { INDEX_TTL_SECONDS: "0" } });
    try {
      const args = ["--to", bakery.url, "--only", "tool", "--url", bakery.url];
      expect(await run(args, { BAKERY_TOKEN: bakery.token })).toMatchObject({ exitCode: 0 });
      await using machine = await Machine.following(await systemdClient(), bakery.url, "tool");
      expect(await machine.sysupdate("update")).toMatchObject({ exitCode: 0 });
      expect(await machine.installed()).toEqual(["tool-1.1.0-x86-64.raw"]);
      const installed = await readFile(machine.imagePath("tool-1.1.0-x86-64.raw"));
      expect(installed.equals(squashfs("tool-1.1.0-x86-64.raw"))).toBe(true);
    } finally {
      await bakery.stop();
    }
  });
});
