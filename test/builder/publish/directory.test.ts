/** The directory publisher: a tree that any web server can host, whole at every moment. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DirectoryPublisher } from "../../../builder/publish/directory.ts";
import { openRelease } from "../../../builder/publish/publisher.ts";
import type * as workDir from "../../../builder/system/work-dir.ts";
import { parseInventory, parsePublicPath, parseSha256Sums, publicPath } from "../../../schema/index.ts";
import { Workplace } from "../../support/bakery.ts";
import { FILES, Publication, publisherContract, type Site } from "./publisher.contract.ts";

/** Lets `left` writes through, then crashes at each. */
const crash = vi.hoisted(() => ({ left: Number.POSITIVE_INFINITY }));
vi.mock("../../../builder/system/work-dir.ts", async (original) => {
  const real = await original<typeof workDir>();
  const counted =
    <Args extends unknown[], T>(write: (...args: Args) => Promise<T>) =>
    async (...args: Args) => {
      if (crash.left <= 0) throw new Error("crash");
      crash.left -= 1;
      return write(...args);
    };
  return { ...real, writeText: counted(real.writeText), writeAtomically: counted(real.writeAtomically) };
});
afterEach(() => {
  crash.left = Number.POSITIVE_INFINITY;
});

async function openSite(workplace: Workplace): Promise<Site> {
  const to = workplace.file("site");
  return { to, env: {}, read: (path) => readFile(join(to, path)).catch(() => undefined) };
}

publisherContract("a folder", openSite);

async function using(test: (publication: Publication) => Promise<void>): Promise<void> {
  await using workplace = await Workplace.open();
  await test(new Publication(workplace, await openSite(workplace)));
}

describe("publishing to a folder", () => {
  it("says which files it has written, and writes no others", () =>
    using(async (at) => {
      await at.bake("1.2.0");
      const { stdout } = await at.publish();
      const entries = await readdir(at.site.to, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile());
      expect(files.map(({ parentPath, name }) => `/${relative(at.site.to, join(parentPath, name))}`).sort()).toEqual(
        FILES,
      );
      expect(stdout.trimEnd().split("\n").sort()).toEqual(FILES);
      for (const file of FILES) {
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

describe("a crash", () => {
  it("between any two writes leaves indexes that are true, and the next run completes the publication", () =>
    using(async (at) => {
      await at.bake("1.0.0");
      await at.publish();
      await at.bake("1.2.0");
      const release = await openRelease(at.workplace.file("greeter.release.json"));
      let completed = false;
      let writes = 0;
      for (; !completed; writes++) {
        crash.left = writes;
        completed = await new DirectoryPublisher(at.site.to).publish(release).then(
          () => true,
          () => false,
        );
        await at.checkIndexes();
      }
      expect(writes).toBeGreaterThan(3);
      const { releases } = parseInventory(await at.text("/extensions/greeter/releases.json"));
      expect(releases.map(({ version }) => version)).toEqual(["1.2.0", "1.0.0"]);
      for (const file of FILES) expect(await at.site.read(file), file).toBeDefined();
      expect(parseSha256Sums(await at.text("/extensions/SHA256SUMS"))).toHaveLength(4);
    }));
});
