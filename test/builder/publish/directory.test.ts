/** The directory publisher: a tree that any web server can host, whole at every moment. */
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DirectoryPublisher } from "../../../builder/publish/directory.ts";
import { openRelease } from "../../../builder/publish/publisher.ts";
import { measureFile } from "../../../builder/system/digest.ts";
import type * as workDir from "../../../builder/system/work-dir.ts";
import { parseInventory, parsePublicPath, parseSha256Sums, publicPath } from "../../../schema/index.ts";
import { FIXTURES, Workplace } from "../../support/bakery.ts";

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

class Site {
  readonly workplace: Workplace;
  readonly path: string;

  constructor(workplace: Workplace) {
    this.workplace = workplace;
    this.path = workplace.file("site");
  }

  /** Bakes both images of a release under the names that a release has. */
  async bake(version: string, ...options: string[]): Promise<string> {
    for (const arch of ["x86-64", "arm64"]) {
      const file = `greeter-${version}-${arch}`;
      const args = ["create", "greeter", version, "--arch", arch, "--output-file", file, "--sysupdate", ...options];
      expect(await this.workplace.run(args, { BAKERY_EXTENSIONS: FIXTURES })).toMatchObject({ exitCode: 0 });
    }
    return "greeter.release.json";
  }

  publish(release = "greeter.release.json") {
    return this.workplace.run(["publish", release, "--to", this.path]);
  }

  text(path: string): Promise<string> {
    return readFile(join(this.path, path), "utf8");
  }

  async files(): Promise<string[]> {
    const entries = await readdir(this.path, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    return files.map(({ parentPath, name }) => `/${relative(this.path, join(parentPath, name))}`).sort();
  }

  /** Holds every line of every index against the file that a client would get. */
  async checkIndexes(): Promise<void> {
    for (const path of (await this.files()).filter((file) => file.endsWith("/SHA256SUMS"))) {
      for (const { file, sha256 } of parseSha256Sums(await this.text(path))) {
        expect(await measureFile(join(this.path, "extensions/greeter", file))).toMatchObject({ sha256 });
      }
    }
  }
}

async function using<T>(test: (site: Site) => Promise<T>): Promise<T> {
  await using workplace = await Workplace.open();
  return await test(new Site(workplace));
}

const FILES = [
  "/extensions/SHA256SUMS",
  "/extensions/greeter-1.2.0/greeter.conf",
  "/extensions/greeter-1.2.0/release.json",
  "/extensions/greeter.conf",
  "/extensions/greeter/SHA256SUMS",
  "/extensions/greeter/greeter-1.2.0-arm64.raw",
  "/extensions/greeter/greeter-1.2.0-x86-64.raw",
  "/extensions/greeter/releases.json",
  "/extensions/noop.conf",
];

describe("publishing a release", () => {
  it("puts each file at its public path", () =>
    using(async (site) => {
      await site.bake("1.2.0");
      const { exitCode, stdout } = await site.publish();
      expect(exitCode).toBe(0);
      expect(await site.files()).toEqual(FILES);
      expect(stdout.trimEnd().split("\n").sort()).toEqual(FILES);
      for (const file of FILES) {
        const path = parsePublicPath(file);
        expect(path && publicPath(path.at)).toBe(file);
      }
      await site.checkIndexes();
    }));

  it("a second time does nothing, and says so", () =>
    using(async (site) => {
      await site.bake("1.2.0");
      await site.publish();
      const before = await site.text("extensions/greeter-1.2.0/release.json");
      await site.bake("1.2.0");
      expect(await site.publish()).toMatchObject({
        exitCode: 0,
        stdout: "greeter-1.2.0 is published already; nothing to do\n",
      });
      expect(await site.text("extensions/greeter-1.2.0/release.json")).toBe(before);
    }));

  it("adds to what is there: newest first, by the order of versions", () =>
    using(async (site) => {
      for (const version of ["1.2.0", "1.10.0", "1.0.0"]) {
        await site.bake(version);
        expect(await site.publish()).toMatchObject({ exitCode: 0 });
      }
      const index = parseSha256Sums(await site.text("extensions/greeter/SHA256SUMS"));
      expect(index.map(({ file }) => file).filter((file) => file.includes("arm64"))).toEqual([
        "greeter-1.10.0-arm64.raw",
        "greeter-1.2.0-arm64.raw",
        "greeter-1.0.0-arm64.raw",
      ]);
      expect(await site.text("extensions/SHA256SUMS")).toBe(await site.text("extensions/greeter/SHA256SUMS"));
    }));

  it("leaves the lines of other extensions in the global index as they are", () =>
    using(async (site) => {
      await site.bake("1.2.0");
      await site.publish();
      const greeter = await site.text("extensions/greeter/SHA256SUMS");
      const other = `${"ab".repeat(32)}  greeter-pro-1.0.0-x86-64.raw\n`;
      await writeFile(join(site.path, "extensions/SHA256SUMS"), other + greeter);
      await site.bake("2.0.0");
      await site.publish();
      const lines = (await site.text("extensions/SHA256SUMS")).split("\n");
      expect(lines).toContain(other.trimEnd());
      expect(lines).toHaveLength(6);
    }));

  it("with other bytes under a published version is refused, and changes nothing", () =>
    using(async (site) => {
      await site.bake("1.2.0");
      await site.publish();
      const before = await Promise.all(FILES.map((file) => site.text(file)));
      await site.bake("1.2.0", "--epoch", "1");
      expect(await site.publish()).toMatchObject({
        exitCode: 1,
        stderr: "error: invalid release: greeter-1.2.0 is published already, with other images\n",
      });
      expect(await Promise.all(FILES.map((file) => site.text(file)))).toEqual(before);
    }));

  it("that was tampered with or is incomplete is refused before anything is written", () =>
    using(async (site) => {
      const release = await site.bake("1.2.0");
      await writeFile(site.workplace.file("greeter-1.2.0-arm64.raw"), "other bytes");
      expect((await site.publish(release)).stderr).toContain(
        "greeter-1.2.0-arm64.raw is not what the release manifest says",
      );
      await rm(site.workplace.file("greeter-1.2.0-arm64.raw"));
      expect((await site.publish(release)).stderr).toContain("error: the release lacks greeter-1.2.0-arm64.raw\n");
      expect(await site.publish("nothing.json")).toMatchObject({ exitCode: 2 });
      expect(await readdir(site.workplace.path)).not.toContain("site");
    }));

  it.each([
    ["extensions/greeter/releases.json", '{"schemaVersion":1}', "invalid inventory: extension"],
    ["extensions/greeter/releases.json", "{", "invalid inventory: not JSON"],
    ["extensions/SHA256SUMS", "not an index\n", "invalid SHA256SUMS: line 1"],
  ])("into a tree whose %s is damaged says so, and loses nothing", (path, text, problem) =>
    using(async (site) => {
      await site.bake("1.2.0");
      await site.publish();
      await writeFile(join(site.path, path), text);
      await site.bake("2.0.0");
      expect(await site.publish()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(problem) });
      expect(await site.text(path)).toBe(text);
      expect(await site.text("extensions/greeter/greeter-1.2.0-arm64.raw")).not.toBe("");
    }),
  );
});

describe("a crash", () => {
  it("between any two writes leaves indexes that are true, and the next run completes the publication", () =>
    using(async (site) => {
      await site.bake("1.0.0");
      await site.publish();
      await site.bake("1.2.0");
      const release = await openRelease(site.workplace.file("greeter.release.json"));
      let completed = false;
      let writes = 0;
      for (; !completed; writes++) {
        crash.left = writes;
        completed = await new DirectoryPublisher(site.path).publish(release).then(
          () => true,
          () => false,
        );
        await site.checkIndexes();
      }
      expect(writes).toBeGreaterThan(3);
      const { releases } = parseInventory(await site.text("extensions/greeter/releases.json"));
      expect(releases.map(({ version }) => version)).toEqual(["1.2.0", "1.0.0"]);
      expect(await site.files()).toEqual(expect.arrayContaining(FILES));
      expect(parseSha256Sums(await site.text("extensions/SHA256SUMS"))).toHaveLength(4);
    }));
});

it("two publishers at once both end up in the index", () =>
  using(async (site) => {
    const releases: string[] = [];
    for (const version of ["1.0.0", "2.0.0"]) {
      const manifest = await readFile(site.workplace.file(await site.bake(version)), "utf8");
      const path = site.workplace.file(`${version}.json`);
      await writeFile(path, manifest);
      releases.push(path);
    }
    const publish = async (path: string) => new DirectoryPublisher(site.path).publish(await openRelease(path));
    await Promise.all(releases.map(publish));
    expect(parseSha256Sums(await site.text("extensions/SHA256SUMS"))).toHaveLength(4);
  }));
