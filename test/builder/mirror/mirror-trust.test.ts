/** Whom a mirror trusts, what it refuses, and what of the bakery's troubles it rides out. */
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sha256 } from "../../support/sha256.ts";
import { BAKERY, MirrorRig, newKey } from "./mirror-rig.ts";

const INDEX = "/extensions/tool/SHA256SUMS";
const imageOf = (version: string, arch = "x86-64") => `/extensions/tool/tool-${version}-${arch}.raw`;

/** What all of them begin with is published once. */
let published: MirrorRig;
beforeAll(async () => {
  published = await MirrorRig.open();
  await published.publish("tool", "1.0.0");
});
afterAll(() => published[Symbol.asyncDispose]());

async function using(test: (rig: MirrorRig) => Promise<void>, others: readonly string[] = []): Promise<void> {
  await using rig = await MirrorRig.open({ armored: published.armored });
  await cp(published.workplace.file("upstream"), rig.workplace.file("upstream"), { recursive: true });
  for (const name of others) await rig.publish(name, "1.0.0");
  await test(rig);
}

const text = (path: string, of: (body: string) => string) => ({ path, of });

describe("a mirror", () => {
  it("of a signed bakery wants its keyring, and says how to get it", () =>
    using(async (rig) => {
      const args = ["mirror", BAKERY, "site"];
      const { exitCode, stderr } = await rig.workplace.run(args, { BAKERY_MIRROR: rig.internet.url });
      expect([exitCode, stderr]).toEqual([
        1,
        expect.stringMatching(/SHA256SUMS is signed, and there is no keyring to verify it with\n.*\n.*\nhint: get the/),
      ]);
      expect(stderr).toContain(`${BAKERY}/keys/import-pubring.gpg`);
      expect(await rig.files()).toEqual([]);
    }));

  it("with --unsigned copies signatures that it does not look at, and the bakery's keyring", () =>
    using(async (rig) => {
      expect(await rig.mirror(["--unsigned"])).toMatchObject({ exitCode: 0 });
      for (const path of [`${INDEX}.gpg`, "/extensions/SHA256SUMS.gpg", "/keys/import-pubring.gpg"]) {
        expect(await rig.read(path), path).toBe(await rig.read(path, "upstream"));
      }
      expect(await rig.mirror(["--unsigned", "--keyring", "ring.gpg"])).toMatchObject({ exitCode: 2 });
      expect(await rig.doctor("--keyring", "ring.gpg")).toMatchObject({ exitCode: 0 });
    }));

  it.each([
    ["an index with another hash", text(INDEX, (body) => body.replace(/^..../, "0000"))],
    [
      "a signature of which a bit is wrong",
      text(`${INDEX}.gpg`, (body) => body.slice(0, -1) + String.fromCharCode(body.charCodeAt(body.length - 1) ^ 1)),
    ],
    [
      "a global index with one more line",
      text("/extensions/SHA256SUMS", (body) => body + body.replaceAll("1.0.0", "9.0.0")),
    ],
  ])("refuses %s, and keeps what it has", (_, { path, of }) =>
    using(async (rig) => {
      await rig.mirror();
      const before = await Promise.all((await rig.files()).map((file) => rig.read(file)));
      await rig.publish("tool", "1.1.0");
      const good = (await rig.read(path, "upstream")) ?? "";
      await writeFile(rig.workplace.file(`upstream${path}`), of(good), "latin1");
      const { exitCode, stderr } = await rig.mirror();
      expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/the signature of \S+ is not good\n/)]);
      expect(await Promise.all((await rig.files()).map((file) => rig.read(file)))).toEqual(before);
      await writeFile(rig.workplace.file(`upstream${path}`), good, "latin1");
      expect(await rig.mirror()).toMatchObject({ exitCode: 0 });
      expect(await rig.read(INDEX)).toContain("tool-1.1.0");
    }),
  );

  it("refuses another key's signature, and no signature at all", () =>
    using(async (rig) => {
      const stranger = await MirrorRig.open({ armored: await newKey() });
      await writeFile(rig.workplace.file("other.gpg"), stranger.key.keyring.bytes);
      await stranger[Symbol.asyncDispose]();
      expect((await rig.mirror(["--keyring", "other.gpg"])).stderr).toContain(
        "the signature of /extensions/SHA256SUMS is not good",
      );
      for (const suffix of [".gpg", ".sha256.asc"]) await rm(rig.workplace.file(`upstream${INDEX}${suffix}`));
      const { exitCode, stderr } = await rig.mirror();
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`tool was not mirrored: ${INDEX} is not signed`)]);
      expect(await rig.files()).not.toContain(INDEX);
    }));

  it("that was verified once is not updated without a keyring", () =>
    using(async (rig) => {
      await rig.mirror();
      expect(await rig.mirror(["--unsigned"])).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining("was verified with a keyring, and there is none now"),
      });
    }));

  it("hands out the keys that its operator trusts, whatever the bakery hands out", () =>
    using(async (rig) => {
      await writeFile(rig.workplace.file("upstream/keys/import-pubring.gpg"), "a stranger's keyring");
      await rig.mirror();
      expect(await readFile(rig.workplace.file("site/keys/import-pubring.gpg"))).toEqual(
        await readFile(rig.workplace.file("ring.gpg")),
      );
    }));

  it("asks again where index and signature are of two publications", () =>
    using(async (rig) => {
      const old = (await rig.read(INDEX, "upstream")) ?? "";
      await rig.publish("tool", "1.1.0");
      let met = 0;
      rig.intercept = ({ url }) => {
        if (new URL(url).pathname !== INDEX || met > 0) return undefined;
        met += 1;
        return new Response(old);
      };
      expect(await rig.mirror()).toMatchObject({ exitCode: 0 });
      expect(met).toBe(1);
      expect(await rig.read(INDEX)).toBe(await rig.read(INDEX, "upstream"));
      expect(rig.internet.arrivals.findLast(({ path }) => path.endsWith(INDEX))?.headers.get("cache-control")).toBe(
        "no-cache",
      );
    }));

  it("into a folder that has something else, or another bakery's mirror, is refused", () =>
    using(async (rig) => {
      await rig.copy("upstream", "site");
      expect(await rig.mirror()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("and is no mirror") });
      await rm(rig.workplace.file("site"), { recursive: true });
      await rig.mirror();
      const other = ["mirror", "https://other.example.org", "site", "--keyring", "ring.gpg"];
      expect(await rig.workplace.run(other)).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining("is a mirror of another bakery"),
      });
      await writeFile(rig.workplace.file("site/.mirror/mirror.json"), "{");
      expect(await rig.mirror()).toMatchObject({ exitCode: 2 });
      expect(await rig.checkIndexes()).toHaveLength(4);
    }));
});

describe("while a bakery is mirrored", () => {
  it("images that break off are gone on from, in this run and in the next one", () =>
    using(async (rig) => {
      await rig.publish("tool", "1.1.0", { size: 100_000 });
      const path = imageOf("1.1.0");
      rig.internet.fail(`bakery.example.org${path}`, "cut");
      expect(await rig.mirror()).toMatchObject({ exitCode: 0 });
      const tries = rig.internet.arrivals.filter((arrival) => arrival.path.endsWith(path));
      expect(tries.map(({ headers }) => headers.get("range"))).toEqual([null, "bytes=50000-"]);

      await rig.publish("tool", "1.2.0", { size: 100_000 });
      const next = imageOf("1.2.0");
      rig.internet.fail(`bakery.example.org${next}`, "cut");
      let isGone = false;
      rig.intercept = ({ url, headers }) => {
        isGone ||= new URL(url).pathname === next && headers.has("range");
        return isGone ? new Response("gone away", { status: 403 }) : undefined;
      };
      const { exitCode, stderr } = await rig.mirror();
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining("tool was not mirrored: upstream refused")]);
      expect(await rig.read(INDEX)).not.toContain("1.2.0");
      await rig.checkIndexes();
      rig.asked();
      rig.intercept = undefined;
      expect(await rig.mirror()).toMatchObject({ exitCode: 0 });
      expect(rig.internet.arrivals.find((arrival) => arrival.path.endsWith(next))?.headers.get("range")).toBe(
        "bytes=50000-",
      );
      expect(rig.asked()).not.toContain(path);
      expect(await rig.checkIndexes()).toHaveLength(12);
    }));

  it("an extension with a damaged image keeps its index, and the others are mirrored", () =>
    using(
      async (rig) => {
        await rig.mirror();
        for (const name of ["tool", "widget"]) await rig.publish(name, "1.1.0");
        const image = rig.workplace.file(`upstream${imageOf("1.1.0")}`);
        const good = await readFile(image);
        await writeFile(image, good.with(9, (good[9] ?? 0) ^ 1));
        const { exitCode, stdout, stderr } = await rig.mirror();
        expect([exitCode, stderr]).toEqual([
          1,
          expect.stringMatching(
            /tool was not mirrored: tool-1.1.0-x86-64.raw is not what the index says\n +url .*\n +expected/,
          ),
        ]);
        expect(stdout).toMatch(/^widget +2 +4/m);
        expect(await rig.read(INDEX)).not.toContain("1.1.0");
        await rig.checkIndexes();
        await writeFile(image, good);
        expect(await rig.mirror()).toMatchObject({ exitCode: 0 });
        expect(await rig.read(INDEX)).toBe(await rig.read(INDEX, "upstream"));
      },
      ["widget"],
    ));

  it("an image that is larger than its inventory says is not written to the end", () =>
    using(async (rig) => {
      await writeFile(rig.workplace.file(`upstream${imageOf("1.0.0")}`), Buffer.alloc(5_000_000));
      expect((await rig.mirror()).stderr).toContain("tool-1.0.0-x86-64.raw is larger than it may be");
      expect(await rig.files()).not.toContain(INDEX);
    }));

  it("what is withdrawn between index and image is not missed", () =>
    using(async (rig) => {
      await rig.copy("upstream", "older");
      await rig.publish("tool", "1.1.0");
      let asked = 0;
      rig.intercept = async ({ url }) => {
        const { pathname } = new URL(url);
        if (pathname === imageOf("1.1.0")) {
          // Gone, with the index that names it.
          asked += 1;
          await rm(rig.workplace.file("upstream"), { recursive: true });
          await rig.copy("older", "upstream");
        }
        return undefined;
      };
      expect(await rig.mirror()).toMatchObject({ exitCode: 0 });
      expect(asked).toBe(1);
      expect(await rig.read(INDEX)).toBe(await rig.read(INDEX, "upstream"));
      expect(await rig.read(INDEX)).not.toContain("1.1.0");
    }));

  it("a withdrawn release leaves the index and keeps its files; pruned, they go a run later", () =>
    using(async (rig) => {
      await rig.copy("upstream", "older");
      await rig.publish("tool", "1.1.0");
      await rig.mirror();
      await rm(rig.workplace.file("upstream"), { recursive: true });
      await rig.copy("older", "upstream");
      expect(await rig.mirror(["--prune"])).toMatchObject({ exitCode: 0 });
      expect(await rig.read(INDEX)).toBe(await rig.read(INDEX, "upstream"));
      expect(await rig.files()).toContain(imageOf("1.1.0"));
      const { stdout } = await rig.mirror(["--prune"]);
      expect(stdout).toContain(`removed ${imageOf("1.1.0")}\n`);
      expect((await rig.files()).filter((path) => path.includes("1.1.0"))).toEqual([]);
      expect(await rig.files()).toEqual(await rig.files("upstream"));
      expect(await rig.checkIndexes()).toHaveLength(4);
    }));

  it("an extension that is not named stays as it is, unless it is pruned", () =>
    using(
      async (rig) => {
        await rig.publish("tool", "1.2.0", { described: true });
        await rig.mirror();
        await rig.mirror(["--extension", "widget"]);
        expect(await rig.checkIndexes()).toHaveLength(12);
        expect(await rig.files()).toContain("/extensions/tool/extension.json");
        await rig.mirror(["--extension", "widget", "--prune"]);
        expect(await rig.checkIndexes()).toHaveLength(4);
        await rig.mirror(["--extension", "widget", "--prune"]);
        expect((await rig.files()).filter((path) => path.includes("tool"))).toEqual([]);
        expect(await rig.doctor()).toMatchObject({ exitCode: 0 });
        expect((await rig.mirror(["--extension", "tol"])).stderr).toContain("the bakery has no extension tol");
      },
      ["widget"],
    ));

  it("what is told of other images, or of another extension, is not passed on", () =>
    using(async (rig) => {
      await rig.publish("tool", "1.1.0", { described: true });
      const [contents, profile] = ["/extensions/tool-1.1.0/contents.json", "/extensions/tool/extension.json"] as const;
      rig.intercept = async ({ url }) => {
        const { pathname } = new URL(url);
        const text = (await rig.read(pathname, "upstream")) ?? "";
        if (pathname === contents) return new Response(text.replace(/"sha256":"..../, '"sha256":"0000'));
        return pathname === profile ? new Response(text.replace('"tool"', '"other"')) : undefined;
      };
      expect(await rig.mirror()).toMatchObject({ exitCode: 0 });
      for (const path of [contents, profile]) expect(await rig.files()).not.toContain(path);
    }));

  it("a file that the mirror has lost is fetched again, though nothing is new", () =>
    using(async (rig) => {
      await rig.mirror();
      await rm(rig.workplace.file(`site${imageOf("1.0.0")}`));
      await writeFile(rig.workplace.file(`site${INDEX}`), "spoilt\n");
      expect(await rig.mirror()).toMatchObject({ exitCode: 0 });
      expect(await rig.checkIndexes()).toHaveLength(4);
      expect(await rig.files()).toEqual(await rig.files("upstream"));
    }));
});

describe("a mirror of a bakery that has SHA256SUMS and nothing else", () => {
  const NAME = "tool-1.0.0-x86-64.raw";
  const line = (file: string, content: string) => `${sha256(content)}  ${file}\n`;
  const bakery =
    (files: Readonly<Record<string, string>>) =>
    ({ url }: Request) => {
      const content = files[decodeURIComponent(new URL(url).pathname)];
      return content === undefined
        ? new Response("<!doctype html>not here", { headers: { "content-type": "text/html" } })
        : new Response(content);
    };

  it("has its index byte for byte, with lines that name no image, and asks for no such file", async () => {
    await using rig = await MirrorRig.open();
    const index = line(NAME, "image") + line("BEST-BEFORE-2027-01-31", "") + line("notes.txt", "notes");
    rig.intercept = bakery({ [INDEX]: index, [`/extensions/tool/${NAME}`]: "image" });
    expect(await rig.mirror(["--unsigned", "--extension", "tool"])).toMatchObject({ exitCode: 0 });
    expect(await rig.read(INDEX)).toBe(index);
    expect(rig.asked().filter((path) => /BEST|notes/.test(path))).toEqual([]);
    expect(await rig.files()).toEqual(
      ["/extensions/SHA256SUMS", INDEX, `/extensions/tool/${NAME}`, "/extensions/noop.conf"].sort(),
    );
    expect(await rig.mirror(["--unsigned"])).toMatchObject({ exitCode: 1 });
  });

  it.each([
    ["a path for a name", `${"a".repeat(64)}  ../../etc/tool-1.0.0-x86-64.raw\n`],
    ["no final line feed", `${"a".repeat(64)}  ${NAME}`],
    ["one name with two hashes", `${"a".repeat(64)}  ${NAME}\n${"b".repeat(64)}  ${NAME}\n`],
    ["a comment", `# index\n${"a".repeat(64)}  ${NAME}\n`],
  ])("refuses an index with %s", async (_, index) => {
    await using rig = await MirrorRig.open();
    rig.intercept = bakery({ [INDEX]: index });
    const { exitCode, stderr } = await rig.mirror(["--unsigned", "--extension", "tool"]);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("tool was not mirrored: invalid SHA256SUMS")]);
    expect(await rig.files()).not.toContain(INDEX);
  });
});
