/** What every publisher does, wherever it publishes to: seen through `./bakery publish`, and read as machines do. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { SigningKey } from "../../../builder/signing/signing-key.ts";
import { GLOBAL_INDEX, parseSha256Sums, publicPath } from "../../../schema/index.ts";
import { FIXTURES, Workplace } from "../../support/bakery.ts";
import { sha256 } from "../../support/sha256.ts";

/** A place to publish to, empty at first. */
export interface Site {
  readonly to: string;
  readonly env: Readonly<Record<string, string>>;
  /** What a machine gets at a public path; undefined: nothing */
  read(path: string): Promise<Buffer | undefined>;
}

export type OpenSite = (workplace: Workplace) => Promise<Site>;

export const FILES = [
  "/extensions/SHA256SUMS",
  "/extensions/greeter-1.2.0/greeter.conf",
  "/extensions/greeter-1.2.0/provenance.intoto.json",
  "/extensions/greeter-1.2.0/release.json",
  "/extensions/greeter-1.2.0/sbom.cdx.json",
  "/extensions/greeter.conf",
  "/extensions/greeter/SHA256SUMS",
  "/extensions/greeter/greeter-1.2.0-arm64.raw",
  "/extensions/greeter/greeter-1.2.0-x86-64.raw",
  "/extensions/greeter/releases.json",
  "/extensions/noop.conf",
];
const RELEASE = "greeter.release.json";

export class Publication {
  readonly workplace: Workplace;
  readonly site: Site;

  constructor(workplace: Workplace, site: Site) {
    this.workplace = workplace;
    this.site = site;
  }

  /** Bakes both images of a release under the names that a release has. */
  async bake(version: string, ...options: string[]): Promise<string> {
    for (const arch of ["x86-64", "arm64"]) {
      const file = `greeter-${version}-${arch}`;
      const args = ["create", "greeter", version, "--arch", arch, "--output-file", file, "--sysupdate", ...options];
      expect(await this.workplace.run(args, { BAKERY_EXTENSIONS: FIXTURES })).toMatchObject({ exitCode: 0 });
    }
    return RELEASE;
  }

  publish(release = RELEASE, env: Record<string, string> = {}) {
    return this.workplace.run(["publish", release, "--to", this.site.to], { ...this.site.env, ...env });
  }

  async text(path: string): Promise<string> {
    return (await this.site.read(path))?.toString() ?? "";
  }

  /** Holds every line of the indexes against the file that a machine would get. */
  async checkIndexes(): Promise<string[]> {
    const named: string[] = [];
    for (const path of [publicPath(GLOBAL_INDEX), "/extensions/greeter/SHA256SUMS"]) {
      const text = await this.text(path);
      for (const { file, sha256: expected } of text === "" ? [] : parseSha256Sums(text)) {
        expect(sha256((await this.site.read(`/extensions/greeter/${file}`)) ?? "")).toBe(expected);
        named.push(file);
      }
    }
    return named;
  }
}

export function publisherContract(name: string, open: OpenSite): void {
  const using = async (test: (publication: Publication) => Promise<void>) => {
    await using workplace = await Workplace.inMemory();
    await test(new Publication(workplace, await open(workplace)));
  };

  describe(`publishing to ${name}`, () => {
    it("puts each file at its public path", () =>
      using(async (at) => {
        await at.bake("1.2.0");
        expect(await at.publish()).toMatchObject({ exitCode: 0 });
        for (const file of FILES) expect(await at.site.read(file), file).toBeDefined();
        expect(await at.checkIndexes()).toHaveLength(4);
      }));

    it("a second time does nothing, and says so", () =>
      using(async (at) => {
        await at.bake("1.2.0");
        await at.publish();
        const before = await at.text("/extensions/greeter-1.2.0/release.json");
        await at.bake("1.2.0");
        expect(await at.publish()).toMatchObject({
          exitCode: 0,
          stdout: "greeter-1.2.0 is published already; nothing to do\n",
        });
        expect(await at.text("/extensions/greeter-1.2.0/release.json")).toBe(before);
      }));

    it("adds to what is there: newest first, by the order of versions", () =>
      using(async (at) => {
        for (const version of ["1.2.0", "1.10.0", "1.0.0"]) {
          await at.bake(version);
          expect(await at.publish()).toMatchObject({ exitCode: 0 });
        }
        const index = parseSha256Sums(await at.text("/extensions/greeter/SHA256SUMS"));
        expect(index.map(({ file }) => file).filter((file) => file.includes("arm64"))).toEqual([
          "greeter-1.10.0-arm64.raw",
          "greeter-1.2.0-arm64.raw",
          "greeter-1.0.0-arm64.raw",
        ]);
        expect(await at.text("/extensions/SHA256SUMS")).toBe(await at.text("/extensions/greeter/SHA256SUMS"));
      }));

    it("with other bytes under a published version is refused, and changes nothing", () =>
      using(async (at) => {
        await at.bake("1.2.0");
        await at.publish();
        const before = await Promise.all(FILES.map((file) => at.text(file)));
        await at.bake("1.2.0", "--epoch", "1");
        const { exitCode, stderr } = await at.publish();
        expect([exitCode, stderr]).toEqual([
          1,
          expect.stringContaining("greeter-1.2.0 is published already, with other"),
        ]);
        expect(await Promise.all(FILES.map((file) => at.text(file)))).toEqual(before);
      }));

    it("with another transfer file under a published version is refused", () =>
      using(async (at) => {
        await at.bake("1.2.0");
        await at.publish();
        const path = at.workplace.file("greeter.conf");
        const changed = `${await readFile(path, "utf8")}# changed\n`;
        await writeFile(path, changed);
        const manifest = JSON.parse(await readFile(at.workplace.file(RELEASE), "utf8"));
        manifest.transfers[0].sha256 = sha256(changed);
        await writeFile(at.workplace.file(RELEASE), JSON.stringify(manifest));
        const { exitCode, stderr } = await at.publish();
        expect([exitCode, stderr]).toEqual([1, expect.stringContaining("is published already, with other files")]);
        expect(await at.text("/extensions/greeter.conf")).not.toContain("changed");
      }));

    it("that was tampered with or is incomplete is refused before anything is written", () =>
      using(async (at) => {
        const release = await at.bake("1.2.0");
        await writeFile(at.workplace.file("greeter-1.2.0-arm64.raw"), "other bytes");
        expect((await at.publish(release)).stderr).toContain(
          "greeter-1.2.0-arm64.raw is not what the release manifest says",
        );
        await rm(at.workplace.file("greeter-1.2.0-arm64.raw"));
        expect((await at.publish(release)).stderr).toContain("error: the release lacks greeter-1.2.0-arm64.raw\n");
        expect(await at.publish("nothing.json")).toMatchObject({ exitCode: 2 });
        for (const file of FILES.filter((path) => !path.includes("noop")))
          expect(await at.site.read(file)).toBeUndefined();
      }));

    it("with a key signs the indexes, and a second time leaves the signatures as they are", () =>
      using(async (at) => {
        const armored = await SigningKey.generate({ name: "x", email: "x@example.org" });
        const { keyring } = await SigningKey.open(armored);
        const env = { BAKERY_SIGNING_KEY: armored };
        for (const version of ["1.0.0", "1.2.0"]) {
          await at.bake(version);
          expect(await at.publish(RELEASE, env)).toMatchObject({ exitCode: 0 });
        }
        const signatures = ["/extensions/SHA256SUMS", "/extensions/greeter/SHA256SUMS"].flatMap((index) =>
          [".gpg", ".sha256.asc"].map((suffix) => [index, `${index}${suffix}`] as const),
        );
        const before = await Promise.all(signatures.map(([, path]) => at.site.read(path)));
        for (const [n, [index]] of signatures.entries()) {
          expect(await keyring.verify(await at.text(index), before[n]?.toString("base64") ?? ""), index).toBe(true);
        }
        expect((await at.publish(RELEASE, env)).stdout).toContain("nothing to do");
        expect(await Promise.all(signatures.map(([, path]) => at.site.read(path)))).toEqual(before);
      }));

    it("into what another key has signed, or nobody, is refused until that key is known", () =>
      using(async (at) => {
        const [first, second] = await Promise.all(
          ["a", "b"].map((name) => SigningKey.generate({ name, email: `${name}@example.org` })),
        );
        await at.bake("1.0.0");
        await at.publish(RELEASE, { BAKERY_SIGNING_KEY: first ?? "" });
        const before = await at.site.read("/extensions/greeter/SHA256SUMS.gpg");
        await at.bake("1.2.0");
        const refused = await at.publish(RELEASE, { BAKERY_SIGNING_KEY: second ?? "" });
        expect([refused.exitCode, refused.stderr]).toEqual([
          1,
          expect.stringContaining("nobody whose key is known has signed greeter-1.0.0"),
        ]);
        expect(await at.site.read("/extensions/greeter/SHA256SUMS.gpg")).toEqual(before);

        await writeFile(at.workplace.file("ring.gpg"), (await SigningKey.open(first ?? "")).keyring.bytes);
        const env = { BAKERY_SIGNING_KEY: second ?? "", BAKERY_KEYRING: "ring.gpg" };
        expect(await at.publish(RELEASE, env)).toMatchObject({ exitCode: 0 });
        const { keyring } = await SigningKey.open(second ?? "");
        const signature = (await at.site.read("/extensions/greeter/SHA256SUMS.gpg"))?.toString("base64") ?? "";
        expect(await keyring.verify(await at.text("/extensions/greeter/SHA256SUMS"), signature)).toBe(true);
      }));

    it("two at once both end up in the index", () =>
      using(async (at) => {
        const releases: string[] = [];
        for (const version of ["1.0.0", "2.0.0"]) {
          await at.bake(version);
          releases.push(`${version}.json`);
          await writeFile(at.workplace.file(`${version}.json`), await readFile(at.workplace.file(RELEASE)));
        }
        const outcomes = await Promise.all(releases.map((release) => at.publish(release)));
        expect(outcomes.map(({ exitCode, stderr }) => [exitCode, stderr.includes("error")])).toEqual([
          [0, false],
          [0, false],
        ]);
        expect(await at.checkIndexes()).toHaveLength(8);
      }));
  });
}
