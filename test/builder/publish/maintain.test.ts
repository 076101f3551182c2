/** What maintainers do to a bakery: withdraw, delete, put indexes anew, make keys, and look whether all is well. */
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { EXTENSIONS_FOLDER } from "../../../builder/catalog.ts";
import { parseExtensionProfile, parseInventory, parseSha256Sums } from "../../../schema/index.ts";
import type { LocalBakery } from "../../../scripts/local-bakery.ts";
import { Workplace } from "../../support/bakery.ts";
import { Gpg } from "../../support/gpg.ts";
import { localBakery } from "../../support/local-bakery.ts";
import { writeRelease } from "../../support/synthetic-release.ts";

let bakery: LocalBakery;
let workplace: Workplace;

beforeAll(async () => {
  bakery = await localBakery({ vars: { INDEX_TTL_SECONDS: "0" } });
  workplace = await Workplace.inMemory();
}, 60_000);
afterAll(async () => {
  await bakery.stop();
  await workplace[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await bakery.forget();
  for (const version of ["1.0.0", "1.1.0", "1.2.0"]) await publish("tool", version);
});

async function publish(extension: string, version: string, to = bakery.url, env = {}) {
  const path = await writeRelease(workplace.file(`${extension}-${version}`), extension, version, {
    arches: ["arm64"],
    described: true,
  });
  return workplace.run(["publish", dirname(path), "--to", to, "--no-wait"], { BAKERY_TOKEN: bakery.token, ...env });
}

function bakeryRun(...args: string[]) {
  return workplace.run(args, { BAKERY_TOKEN: bakery.token });
}

async function versions(path = "/extensions/tool/SHA256SUMS"): Promise<string[]> {
  const response = await fetch(bakery.url + path);
  const lines = response.status === 200 ? parseSha256Sums(await response.text()) : [];
  return lines.map(({ file }) => file.replace(/^tool-|-arm64.raw$/g, ""));
}

describe("yank", () => {
  it("takes a release out of the indexes, keeps its files, and says why; undone, it is back", async () => {
    const args = ["tool", "1.2.0", "--to", bakery.url];
    expect(await bakeryRun("yank", ...args, "--reason", "does not start")).toMatchObject({
      exitCode: 0,
      stdout: "1.2.0: withdrawn\nchanged: index, global-index\n",
    });
    expect(await versions()).toEqual(["1.1.0", "1.0.0"]);
    expect(await versions("/extensions/SHA256SUMS")).toEqual(["1.1.0", "1.0.0"]);
    expect((await fetch(`${bakery.url}/extensions/tool/tool-1.2.0-arm64.raw`)).status).toBe(200);
    const inventory = parseInventory(await (await fetch(`${bakery.url}/extensions/tool/releases.json`)).text());
    expect(inventory.releases[0]?.yanked).toMatchObject({ reason: "does not start" });
    const again = await publish("tool", "1.2.0");
    expect([again.exitCode, again.stderr]).toEqual([
      1,
      expect.stringContaining("published and withdrawn: does not start"),
    ]);

    expect((await bakeryRun("yank", ...args, "--undo")).stdout).toContain("1.2.0: restored\n");
    expect(await versions()).toEqual(["1.2.0", "1.1.0", "1.0.0"]);
    expect((await bakeryRun("yank", ...args, "--undo")).stdout).toBe("the indexes say so already\n");
  });

  it("of what is not published, and without a reason, is refused", async () => {
    const refused = await bakeryRun("yank", "tool", "9.0.0", "--to", bakery.url, "--reason", "x");
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining("tool-9.0.0 is not published")]);
    expect(await bakeryRun("yank", "tool", "1.2.0", "--to", bakery.url)).toMatchObject({ exitCode: 2 });
    expect(await versions()).toHaveLength(3);
  });
});

describe("prune", () => {
  it("forgets old releases at once, and keeps their files for a day", async () => {
    const { exitCode, stdout } = await bakeryRun("prune", "tool", "--to", bakery.url, "--keep", "1");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^1.1.0: withdrawn\n1.0.0: withdrawn\nchanged: .*\n1.1.0: files stay until \S+Z\n/);
    expect(await versions()).toEqual(["1.2.0"]);
    expect((await fetch(`${bakery.url}/extensions/tool/tool-1.0.0-arm64.raw`)).status).toBe(200);
    const again = await bakeryRun("prune", "tool", "--to", bakery.url, "--keep", "1");
    expect(again.stdout).toContain("the indexes say so already\n1.1.0: files stay until");
  });
});

describe("reindex", () => {
  it("mends an index that was lost, or is behind", async () => {
    await bakery.bucket.delete(["tool/index.json", "SHA256SUMS/index.json"]);
    expect(await versions()).toEqual([]);
    expect((await bakeryRun("reindex", "tool", "--to", bakery.url)).stdout).toBe("changed: index, global-index\n");
    expect(await versions()).toHaveLength(3);
    expect(await versions("/extensions/SHA256SUMS")).toHaveLength(3);
    expect((await bakeryRun("reindex", "tool", "--to", bakery.url)).stdout).toBe("the indexes say so already\n");
  });

  it.each([["tool"], ["--all"]])(
    "brings back the records of all extensions, and leaves the index: %s",
    async (what) => {
      const records = [".catalogue/record.json", ".feed/recent.json"];
      const read = () => Promise.all(records.map(async (key) => (await bakery.bucket.get(key))?.text()));
      const before = { records: await read(), index: (await bakery.bucket.head("tool/index.json"))?.version };
      await bakery.bucket.delete(records);
      expect(await bakeryRun("reindex", what, "--to", bakery.url)).toMatchObject({
        exitCode: 0,
        stdout: "the indexes say so already\n",
      });
      const after = { records: await read(), index: (await bakery.bucket.head("tool/index.json"))?.version };
      expect(after.records[0]).toContain('"description":');
      expect(after).toEqual(before);
    },
  );

  it("mends the indexes of a folder too", async () => {
    for (const version of ["1.0.0", "1.1.0"]) await publish("tool", version, "folder");
    const [own, all] = ["extensions/tool/SHA256SUMS", "extensions/SHA256SUMS"].map((path) =>
      workplace.file(join("folder", path)),
    ) as [string, string];
    const before = await readFile(own, "utf8");
    await rm(own);
    await writeFile(all, before.replace(/.*1.1.0.*\n/, ""));
    expect(await bakeryRun("doctor", "folder")).toMatchObject({ exitCode: 1 });
    expect((await bakeryRun("reindex", "tool", "--to", "folder")).stdout).toBe(
      "/extensions/tool/SHA256SUMS\n/extensions/SHA256SUMS\n",
    );
    expect([await readFile(own, "utf8"), await readFile(all, "utf8")]).toEqual([before, before]);
    expect(await bakeryRun("doctor", "folder")).toMatchObject({ exitCode: 0 });
    expect((await bakeryRun("reindex", "tool", "--to", "folder")).stdout).toBe("the indexes say so already\n");
    expect((await bakeryRun("reindex", "other", "--to", "folder")).stderr).toContain("nothing is published of other");
  });

  it("signs what nobody has signed only when it is told to", async () => {
    const made = await workplace.run([
      "keygen",
      "--name",
      "x",
      "--email",
      "x@example.org",
      "--output",
      "first",
      "--json",
    ]);
    const { secret, keyring } = JSON.parse(made.stdout);
    const env = { BAKERY_TOKEN: bakery.token, BAKERY_SIGNING_KEY: await readFile(secret, "utf8") };
    const args = ["reindex", "tool", "--to", bakery.url];
    const refused = await workplace.run(args, env);
    expect([refused.exitCode, refused.stderr]).toEqual([
      1,
      expect.stringContaining("nobody whose key is known has signed"),
    ]);
    expect(await workplace.run([...args, "--sign-all"], env)).toMatchObject({ exitCode: 0 });
    expect(await bakeryRun("doctor", bakery.url, "--keyring", keyring)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(
        /^EXTENSION +RELEASES +IMAGES +SIGNED +BEST BEFORE\ntool +3 +3 +yes +\d{4}-\d\d-\d\d\n$/,
      ),
    });
    await using gpg = await Gpg.open();
    const index = await (await fetch(`${bakery.url}/extensions/tool/SHA256SUMS`)).text();
    const signature = await (await fetch(`${bakery.url}/extensions/tool/SHA256SUMS.gpg`)).arrayBuffer();
    expect(await gpg.accepts(await readFile(keyring), index, new Uint8Array(signature))).toBe(true);
  });
});

describe("the feeds of a folder", () => {
  /** Without what is each publication's own. */
  const same = (feed: string, url: string) =>
    feed
      .replaceAll(url, "URL")
      .replaceAll(new URL(url).host, "HOST")
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME");

  it("say what a bakery's do, by the address that transfer files lead to; reindex brings them back", async () => {
    for (const version of ["1.0.0", "1.1.0", "1.2.0"]) await publish("tool", version, "with-feeds");
    const paths = ["/feed.atom", "/feed.json", "/extensions/tool/feed.atom", "/extensions/tool/feed.json"];
    const files = paths.map((path) => workplace.file(join("with-feeds", path)));
    const read = () => Promise.all(files.map((file) => readFile(file, "utf8")));
    const feeds = await read();
    for (const [at, path] of paths.entries()) {
      const theirs = await (await fetch(bakery.url + path)).text();
      expect(same(feeds[at] ?? "", "https://bakery.example.org"), path).toBe(same(theirs, bakery.url));
    }
    for (const file of [...files, workplace.file("with-feeds/.feed/recent.json")]) await rm(file);
    expect((await bakeryRun("reindex", "--all", "--to", "with-feeds")).stdout.trim().split("\n").sort()).toEqual(
      paths.sort(),
    );
    expect(await read()).toEqual(feeds);
  });
});

describe("keygen", () => {
  it("keeps the key to its owner, says what to do with it, and overwrites none", async () => {
    const args = ["keygen", "--name", "Bakery", "--email", "b@example.org", "--output", "keys"];
    const { exitCode, stdout } = await workplace.run(args);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^[0-9A-F]{40}\n[\s\S]*\nSIGNING_KEYRING = "[A-Za-z0-9+/=]+"\n$/);
    expect((await stat(workplace.file("keys/signing-key.asc"))).mode & 0o777).toBe(0o600);
    const before = await readFile(workplace.file("keys/signing-key.asc"), "utf8");
    expect(stdout).not.toContain(before.split("\n")[3]);
    expect(await workplace.run(args)).toMatchObject({ exitCode: 2 });
    expect(await readFile(workplace.file("keys/signing-key.asc"), "utf8")).toBe(before);
  });
});

describe("describe", () => {
  it("tells a bakery of its newest release's extension, and its page of all extensions", async () => {
    const door = join(EXTENSIONS_FOLDER, "../builder/recipe/index.ts");
    await mkdir(workplace.file("extensions/tool"), { recursive: true });
    await writeFile(
      workplace.file("extensions/tool/recipe.ts"),
      `import { defineExtension, file, fixed } from ${JSON.stringify(door)};
export default defineExtension({ description: "Told anew", homepage: "https://example.org", versions: fixed("1.0.0"),
  tree: () => [file("usr/share/tool", "")], provides: ["usr/share/tool"] });
`,
    );
    const env = { BAKERY_TOKEN: bakery.token, BAKERY_EXTENSIONS: workplace.file("extensions") };
    const told = await workplace.run(["describe", "tool", "--to", bakery.url], env);
    expect(told).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^tool +1\.2\.0 +described$/m) });
    const profile = await (await fetch(`${bakery.url}/extensions/tool/extension.json`)).text();
    expect(parseExtensionProfile(profile)).toMatchObject({ version: "1.2.0", description: "Told anew" });
    expect(await (await fetch(bakery.url)).text()).toContain("Told anew");
    const strange = await workplace.run(["describe", "tool", "--to", bakery.url], { ...env, BAKERY_TOKEN: "wrong" });
    expect(strange).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("1 of 1 extensions could not be") });
  });
});

const FAULTS: [string, string, (path: string) => Promise<void>, RegExp][] = [
  [
    "an image that is gone",
    "extensions/tool/tool-1.0.0-arm64.raw",
    (path) => rm(path),
    /tool-1.0.0-arm64.raw\s+is named by an index, and not there/,
  ],
  [
    "an image that is damaged",
    "extensions/tool/tool-1.0.0-arm64.raw",
    (path) => writeFile(path, "x"),
    /tool-1.0.0-arm64.raw\s+has the hash/,
  ],
  [
    "an index that forgets",
    "extensions/tool/SHA256SUMS",
    async (path) => writeFile(path, (await readFile(path, "utf8")).replace(/.*1.0.0.*\n/, "")),
    /is not what follows from the inventory/,
  ],
  ["an index that no client reads", "extensions/tool/SHA256SUMS", (path) => writeFile(path, "# index\n"), /line 1/],
  [
    "a global index that is behind",
    "extensions/SHA256SUMS",
    async (path) => writeFile(path, (await readFile(path, "utf8")).replace(/.*1.0.0.*\n/, "")),
    /has other lines than the global index/,
  ],
  ["no global index", "extensions/SHA256SUMS", (path) => rm(path), /\/extensions\/SHA256SUMS\s+is not there/],
  ["a manifest that is gone", "extensions/tool-1.0.0/release.json", (path) => rm(path), /release.json\s+is not there/],
  [
    "a manifest of other images",
    "extensions/tool-1.0.0/release.json",
    async (path) => writeFile(path, (await readFile(path, "utf8")).replace(/"sha256": "..../, '"sha256": "0000')),
    /has other images than the inventory/,
  ],
  [
    "contents of other images",
    "extensions/tool-1.0.0/contents.json",
    async (path) => writeFile(path, (await readFile(path, "utf8")).replace(/"sha256":"..../, '"sha256":"0000')),
    /contents.json\s+the contents are of other images of tool-1.0.0: take it away/,
  ],
  [
    "a profile of another extension",
    "extensions/tool/extension.json",
    async (path) =>
      writeFile(path, (await readFile(path, "utf8")).replace('"extension": "tool"', '"extension": "k3s"')),
    /tool\/extension.json\s+the profile is of k3s/,
  ],
  [
    "an inventory that is damaged",
    "extensions/tool/releases.json",
    (path) => writeFile(path, "{"),
    /releases.json\s+invalid inventory: not JSON/,
  ],
];

describe("doctor", () => {
  it("finds a good bakery good, over HTTP and as a folder", async () => {
    await publish("tool", "1.0.0", "site");
    const table = expect.stringMatching(/^EXTENSION +RELEASES +IMAGES +SIGNED +BEST BEFORE\ntool +1 +1 +no +-\n$/);
    expect(await bakeryRun("doctor", "site")).toMatchObject({ exitCode: 0, stdout: table });
    for (const how of [[], ["--quick"]]) {
      expect(await bakeryRun("doctor", bakery.url, ...how)).toMatchObject({ exitCode: 0 });
    }
  });

  it.each(FAULTS)("finds %s", async (_, file, damage, problem) => {
    for (const version of ["1.0.0", "1.1.0"]) await publish("tool", version, "damaged");
    await damage(workplace.file(join("damaged", file)));
    const { exitCode, stderr } = await bakeryRun("doctor", "damaged");
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(problem)]);
    await rm(workplace.file("damaged"), { recursive: true });
  });

  it("finds an image that was replaced in a bucket, without reading it too", async () => {
    await bakery.bucket.put("tool-1.0.0/tool-1.0.0-arm64.raw", "other");
    for (const how of [[], ["--quick"]]) {
      const { exitCode, stderr } = await bakeryRun("doctor", bakery.url, ...how);
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining("1 thing is wrong")]);
    }
  });

  it("finds a draft that nobody has used for a day, where it may ask", async () => {
    const manifest = await readFile(await writeRelease(workplace.file("tool-3.0.0"), "tool", "3.0.0"), "utf8");
    const headers = { authorization: `Bearer ${bakery.token}` };
    const url = `${bakery.url}/api/v1/extensions/tool/releases/3.0.0`;
    expect((await fetch(url, { method: "POST", headers, body: manifest })).status).toBe(200);
    expect(await bakeryRun("doctor", bakery.url, "--quick")).toMatchObject({ exitCode: 0 });
    const later = { now: Date.now() + 25 * 3600 * 1000 };
    vi.setSystemTime(later.now);
    try {
      const { exitCode, stderr } = await bakeryRun("doctor", bakery.url, "--quick");
      expect([exitCode, stderr]).toEqual([
        1,
        expect.stringMatching(/tool-3.0.0\s+is a draft that nobody has used since/),
      ]);
      expect(await workplace.run(["doctor", bakery.url, "--quick"])).toMatchObject({ exitCode: 0 });
    } finally {
      vi.useRealTimers();
    }
  });

  it("of an index that is signed by another key says so", async () => {
    const keyring = workplace.file("strange/import-pubring.gpg");
    await mkdir(dirname(keyring), { recursive: true });
    await workplace.run(["keygen", "--name", "x", "--email", "x@example.org", "--output", "strange"]);
    const { exitCode, stderr } = await bakeryRun("doctor", bakery.url, "--keyring", keyring);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/tool\/SHA256SUMS.gpg\s+is not there/)]);
  });
});
