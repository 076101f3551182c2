/** The directory publisher: a tree that any web server can host, whole at every moment. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { parsePublicPath, publicPath } from "../../../../schema/index.ts";
import { Workplace } from "../../../support/bakery.ts";
import { FILES, Publication, publisherContract, type Site } from "../publisher.contract.ts";

const FEEDS = ["/extensions/greeter/feed.atom", "/extensions/greeter/feed.json", "/feed.atom", "/feed.json"];

async function openSite(workplace: Workplace): Promise<Site> {
  const to = workplace.file("site");
  return { to, env: {}, read: (path) => readFile(join(to, path)).catch(() => undefined) };
}

publisherContract("a folder", openSite);

async function using(test: (publication: Publication) => Promise<void>): Promise<void> {
  await using workplace = await Workplace.inMemory();
  await test(new Publication(workplace, await openSite(workplace)));
}

describe("publishing to a folder", () => {
  it("says which files it has written, and writes no others", () =>
    using(async (at) => {
      await at.bake("1.2.0");
      const { stdout } = await at.publish();
      const entries = await readdir(at.site.to, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile());
      const all = [...FILES, ...FEEDS].sort();
      expect(files.map(({ parentPath, name }) => `/${relative(at.site.to, join(parentPath, name))}`).sort()).toEqual([
        "/.feed/recent.json",
        ...all,
      ]);
      expect(stdout.trimEnd().split("\n").sort()).toEqual(all);
      for (const file of all) {
        const path = parsePublicPath(file);
        expect(path && publicPath(path.at)).toBe(file);
      }
    }));

  it("leaves the lines of other extensions in the global index as they are", () =>
    using(async (at) => {
      await at.bake("1.2.0");
      await at.publish();
      const greeter = await at.text("/extensions/greeter/SHA256SUMS");
      const other = `${"ab".repeat(32)}  greeter-pro-1.0.0-x86-64.raw\n`;
      await writeFile(join(at.site.to, "extensions/SHA256SUMS"), other + greeter);
      await at.bake("2.0.0");
      await at.publish();
      const lines = (await at.text("/extensions/SHA256SUMS")).split("\n");
      expect(lines).toContain(other.trimEnd());
      expect(lines).toHaveLength(6);
    }));

  it.each([
    ["extensions/greeter/releases.json", '{"schemaVersion":1}', "invalid inventory: extension"],
    ["extensions/greeter/releases.json", "{", "invalid inventory: not JSON"],
    ["extensions/SHA256SUMS", "not an index\n", "invalid SHA256SUMS: line 1"],
    [".feed/recent.json", '{"schemaVersion":1}', "invalid recent releases: releases"],
  ])("into a tree whose %s is damaged says so, and loses nothing", (path, text, problem) =>
    using(async (at) => {
      await at.bake("1.2.0");
      await at.publish();
      await writeFile(join(at.site.to, path), text);
      await at.bake("2.0.0");
      expect(await at.publish()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(problem) });
      expect(await at.text(`/${path}`)).toBe(text);
      expect(await at.text("/extensions/greeter/greeter-1.2.0-arm64.raw")).not.toBe("");
    }),
  );
});
