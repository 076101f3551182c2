/**
 * The commands of the documents, as they stand: a reader types them one page after another, against a bakery in
 * workerd, with the real gpg, curl, sha256sum and systemd. Only the bakery's address is another one, and what takes long
 * is done in full with the tests of machines.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { unstable_readConfig as readConfig } from "wrangler";
import { BLOCK_PAGES, blocksOf, commandsBelow, pageText } from "./support/documents/blocks.ts";
import { NOT_RUN } from "./support/documents/not-run.ts";
import { nameOf, type Reader, TAKES_LONG } from "./support/documents/reader.ts";
import { RootShell } from "./support/documents/root-shell.ts";
import { IMPORTED, Site } from "./support/documents/site.ts";
import { mergingUnavailable } from "./support/merged.ts";
import { imagesOf } from "./support/reference-releases.ts";
import { describeWhere } from "./support/requirements.ts";
import { clientUnavailable, systemdClient } from "./support/systemd-client.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

describeWhere((await mergingUnavailable()) ?? (await clientUnavailable()), "who follows the documents", () => {
  let site: Site;
  let reader: Reader;
  let root: RootShell;
  /** What keygen prints for wrangler.toml. */
  let keyringLine = "";
  beforeAll(async () => {
    site = await Site.open();
    reader = site.reader;
    root = await RootShell.open(await systemdClient());
  }, 120_000);
  afterAll(async () => {
    await root[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
  });

  /** The version that the machine has in its /usr. */
  const merged = async () => (await root.run("cat /usr/share/vault/version")).stdout;

  it("makes a key, and publishes into a folder for any web server (trust, host-a-bakery)", async () => {
    const made = await reader.does("./bakery keygen --name Acme --email bakery@example.org");
    [keyringLine = ""] = /^SIGNING_KEYRING = .*$/m.exec(made.stdout) ?? [];
    await reader.does('export BAKERY_SIGNING_KEY="$(cat signing-key.asc)"');
    const { stdout } = await reader.follows("host-a-bakery.md", "for arch in x86-64 arm64; do");
    expect(stdout).toMatch(/^workerd +1 +2 +yes /m);
    expect(await reader.file("site/extensions/workerd.conf")).toContain(`Path=${site.url}/extensions/workerd/\n`);
  });

  it("opens a bakery that knows who may publish, and whose key signs (host-a-bakery)", async () => {
    await reader.follows("host-a-bakery.md", "export BAKERY_TOKEN=$(openssl rand -hex 32)");
    const { text } = await reader.reads("host-a-bakery.md", 'BAKERY_URL = "https://extensions.example.org"');
    const file = reader.workplace.file("wrangler.toml");
    await writeFile(file, `[vars]\n${text}${keyringLine}\n`);
    const secret = await reader.secret("PUBLISH_TOKEN_SHA256");
    const vars = readConfig({ config: file }).vars as Record<string, string>;
    await site.deploy({ ...vars, PUBLISH_TOKEN_SHA256: secret });
  });

  it("publishes to it, and sees what is shown (host-a-bakery, operate)", async () => {
    const publish = "$ BAKERY_TOKEN=… ./bakery publish workerd.release.json --to https://extensions.example.org";
    const [seen] = await reader.watches("host-a-bakery.md", publish);
    // Files that it has written come after its story.
    expect(inAnyTime(seen?.printed).startsWith(`${inAnyTime(seen?.shown)}\n`), seen?.printed).toBe(true);
    // A folder as `./bakery release` makes it, with the log of its bake.
    await reader.does(`
      mkdir -p releases/workerd
      cp workerd-*.raw workerd.conf releases/workerd
      cp workerd.release.json releases/workerd/release.json
      echo "Baking" > releases/workerd/build.log
      ./bakery publish releases/workerd --to ${site.url} --no-wait`);
    const kept = await reader.reads(
      "host-a-bakery.md",
      "https://extensions.example.org/extensions/workerd-1.20261117.1/release.json",
    );
    for (const address of kept.text.trim().split("\n")) expect((await fetch(address)).status, address).toBe(200);
  });

  it("publishes to releases on GitHub (host-a-bakery)", async () => {
    const { GITHUB_API_URL, GITHUB_SERVER_URL, GITHUB_TOKEN } = site.github.env;
    const variables = { GITHUB_API_URL, GITHUB_SERVER_URL, GITHUB_TOKEN };
    for (const [name, value] of Object.entries(variables)) await reader.does(`export ${name}=${value}`);
    const publish = "$ GITHUB_TOKEN=… ./bakery publish workerd.release.json --to github:acme/bakery";
    await reader.follows("host-a-bakery.md", publish);
    expect(site.github.repository.files("workerd-1.20261117.1")).toContain("workerd-1.20261117.1-arm64.raw");
    await reader.does(`unset ${Object.keys(variables).join(" ")}`);
  });

  it("checks by hand what is served, and looks into it (trust)", async () => {
    const checked = await reader.follows("trust.md", "bakery=https://extensions.example.org");
    expect(checked.stderr).toContain('gpg: Good signature from "Acme <bakery@example.org>"');
    expect(checked.stdout).toContain("workerd-1.20261117.1-x86-64.raw: OK\n");
    const look = "curl $bakery/extensions/workerd-1.20261117.1/release.json";
    // As long as all other commands: of npm test, test/builder/reproducible.test.ts has it.
    const twice = "./bakery verify-reproducible workerd 1.20261117.1\n";
    const looked = await reader.follows("trust.md", look, { instead: TAKES_LONG ? {} : { [twice]: "" } });
    expect(looked.stdout).toMatch(/^workerd +1 +2 +yes +\d{4}-\d\d-\d\d$/m);
  });

  it("keeps the dates of indexes, and copies the bakery (trust, host-a-bakery)", async () => {
    const due =
      "./bakery reindex --due --to https://extensions.example.org    # each night: one question, until half of the time is over";
    expect((await reader.follows("trust.md", due)).stdout).toContain('"freshness":');
    const copy =
      "curl -O https://extensions.example.org/keys/import-pubring.gpg      # hold its fingerprint against what you were told";
    await reader.follows("host-a-bakery.md", copy, { instead: { "/srv/www": "www" } });
    const index = await fetch(`${site.url}/extensions/workerd/SHA256SUMS`);
    expect(await reader.file("www/extensions/workerd/SHA256SUMS")).toBe(await index.text());
    expect(await reader.file("www/extensions/workerd.conf")).toContain("Path=http://mirror.lan/extensions/workerd/\n");
  });

  it("gets configurations, of the command line and of the bakery (use-an-extension)", async () => {
    await site.stock();
    const config = "./bakery config vault --url https://extensions.example.org > vault.yaml";
    await reader.follows("use-an-extension.md", config);
    expect(await reader.file("vault.yaml")).toContain("/vault-1.20.0-x86-64.raw");
    expect(JSON.parse(await reader.file("docker.ign"))).toMatchObject({ ignition: { version: expect.any(String) } });
    const asked = await reader.follows(
      "use-an-extension.md",
      "curl 'https://extensions.example.org/api/v1/extensions/vault/config?format=ignition&follow=series'",
    );
    const said = await reader.does(`
      ./bakery config vault --url ${site.url} --format ignition --follow series
      ./bakery config docker docker-compose --url ${site.url} --format shell`);
    expect(asked.stdout).toBe(said.stdout);
    await reader.follows(
      "use-an-extension.md",
      "./bakery config vault --url https://extensions.example.org --format shell > vault.sh",
    );
    await reader.does("sh -n vault.sh");
  });

  it("has a machine verify, install, merge and run it (trust, start-here, use-an-extension)", async () => {
    const keyring = "curl -o /etc/systemd/import-pubring.gpg https://extensions.example.org/keys/import-pubring.gpg";
    await reader.follows("trust.md", keyring, { shell: root });
    const first = "mkdir -p /etc/sysupdate.workerd.d /etc/extensions /opt/extensions/workerd";
    const started = await reader.follows("start-here.md", first, { shell: root });
    expect(started.stdout).toMatch(/^true \(GNU coreutils\)/m);
    await reader.follows("use-an-extension.md", first.replaceAll("workerd", "vault"), { shell: root });
    expect(await merged()).toBe("1.19.5");
    expect((await root.run("cat /etc/sysupdate.*.d/*")).stdout.match(/^Verify=true$/gm)).toHaveLength(2);
  });

  it("chooses versions (use-an-extension)", async () => {
    await site.publishVault("1.20.0", "--no-wait");
    await site.publishVault("1.20.1");
    const commands = await commandsBelow("use-an-extension.md", "Which version");
    const chosen = async (what: string) => {
      const { stdout } = await reader.does(commands.get(what) ?? "false", root);
      await root.run("systemd-sysext refresh");
      return { version: await merged(), stdout };
    };
    expect((await chosen("the newest")).version).toBe("1.20.1");
    expect((await chosen("a certain one, also an older one")).version).toBe("1.20.0");
    // It stays, as is said below the table.
    expect((await chosen("the newest")).version).toBe("1.20.0");
    await root.run("ln -sf /opt/extensions/vault/vault-1.20.1-x86-64.raw /etc/extensions/vault.raw");
    expect((await chosen("a certain one, also an older one")).version).toBe("1.20.1");
    expect((await chosen("one that is on the machine still")).version).toBe("1.20.0");
    expect((await chosen("to see what there is")).stdout).toContain("1.20.1");
    await chosen("the newest image, without systemd");
    expect((await root.run("unsquashfs -s x86-64.raw")).stdout).toContain("Found a valid SQUASHFS");
  });

  it("takes a release back, and goes back (operate); and has no extension any more (use-an-extension)", async () => {
    const yank = './bakery yank vault 1.20.0 --to https://extensions.example.org --reason "does not start"';
    await reader.follows("operate.md", yank);
    const index = async () => (await fetch(`${site.url}/extensions/vault/SHA256SUMS`)).text();
    await expect.poll(index, { timeout: 20_000 }).not.toContain("vault-1.20.0-");
    const back = "ln -sf /opt/extensions/vault/vault-1.19.5-x86-64.raw /etc/extensions/vault.raw";
    await reader.follows("operate.md", back, { shell: root });
    expect(await merged()).toBe("1.19.5");

    const commands = await commandsBelow("use-an-extension.md", "Which version");
    await reader.does(commands.get("no extension any more") ?? "false", root);
    const left = await root.run(
      "ls -d /etc/*/vault* /opt/extensions/vault /etc/sysupdate.vault.d /usr/bin/vault || true",
    );
    expect(left.stdout).toBe("");
  });

  it("brings the reference's releases along, and its machines (move-from-the-reference)", async () => {
    const dryRun = "npm run import -- --from flatcar/sysext-bakery --to site --dry-run";
    const { stdout } = await reader.follows("move-from-the-reference.md", dryRun);
    expect(stdout).toMatch(/^kubernetes-v1\.34\.2 +imported$/m);
    // What a machine has of the reference.
    await root.run("mkdir -p /etc/sysupdate.kubernetes.d /opt/extensions/kubernetes");
    await root.run("echo > /opt/extensions/kubernetes/kubernetes-v1.33.1-x86-64.raw");
    const follow =
      "curl -o /etc/sysupdate.kubernetes.d/kubernetes.conf https://extensions.example.org/extensions/kubernetes.conf";
    await reader.follows("move-from-the-reference.md", follow, { shell: root });
    await reader.does("/usr/lib/systemd/systemd-sysupdate -C kubernetes update", root);
    const [[extension, version]] = IMPORTED;
    expect((await root.run("ls /opt/extensions/kubernetes")).stdout.trim().split("\n")).toEqual([
      "kubernetes-v1.33.1-x86-64.raw",
      imagesOf(extension, version)[0],
    ]);
  });

  it("replaces a key that has leaked, and has machines refuse what it signs (operate)", async () => {
    const [, steps = ""] = /### A key has leaked\n(.*?)\n### /s.exec(await pageText("operate.md")) ?? [];
    const [keygen = "", resign = ""] = [...steps.matchAll(/`([^`]*\.\/bakery (?:keygen|reindex) [^`]*)`/g)].map(
      ([, command = ""]) => command.replace("<name>", "Acme").replace("<address>", "bakery@example.org"),
    );
    const list = "/usr/lib/systemd/systemd-sysupdate -C workerd list";
    const refuses = async () => (await reader.does(`if ${list} 2>said; then false; fi; cat said`, root)).stdout;
    await reader.does(`${list}\ncp /etc/systemd/import-pubring.gpg old.gpg`, root);
    await reader.does(keygen);
    const ring = (await readFile(reader.workplace.file("new/import-pubring.gpg"))).toString("base64");
    // From then on it is nothing to machines who has the old one.
    await reader.does(`echo ${ring} | base64 --decode > /etc/systemd/import-pubring.gpg`, root);
    expect(await refuses()).toContain("verification failed");
    // Nor can whoever has it have the bakery take what it signs.
    await site.deploy({ SIGNING_KEYRING: ring });
    const withdraw = `./bakery yank vault 1.20.1 --to ${site.url} --reason "it is said so"`;
    const { stderr } = await reader.does(`if ${withdraw}; then false; fi`);
    expect(stderr).toMatch(/^error: the index is not signed by a key of this bakery\n.*\/vault\/index\n/);
    await reader.does(resign);
    const listed = async () => (await root.run(`${list} || true`)).stdout;
    await expect.poll(listed, { timeout: 20_000 }).toContain("1.20261117.1");
    // Control: a machine of which nobody has thought.
    await reader.does("cp old.gpg /etc/systemd/import-pubring.gpg", root);
    expect(await refuses()).toContain("verification failed");
  });

  it("makes a secret that signs events (operate)", async () => {
    await reader.follows(
      "operate.md",
      'echo "whsec_$(openssl rand -base64 32)" | npx wrangler secret put WEBHOOK_SECRET',
    );
    const [, base64 = ""] = /^whsec_(\S+)\n$/.exec(await reader.secret("WEBHOOK_SECRET")) ?? [];
    expect(Buffer.from(base64, "base64")).toHaveLength(32);
  });

  it("finds that every block is run, or says why it is not", async () => {
    const all = (await Promise.all(BLOCK_PAGES.map(blocksOf))).flat().map(nameOf);
    expect([...reader.ran, ...Object.keys(NOT_RUN)].sort()).toEqual(all.sort());
    for (const [name, fate] of Object.entries(NOT_RUN)) {
      if (!("by" in fate)) continue;
      const [page = ""] = name.split(": ");
      expect(await readFile(join(ROOT, fate.by), "utf8"), fate.by).toContain(page);
    }
  });
});

/** How long is waited, the bakery decides; and how wide that is, where columns begin. */
function inAnyTime(story = ""): string {
  return story.replaceAll(/\b\d+ s\b/g, "… s").replaceAll(/ {2,}/g, "  ");
}
