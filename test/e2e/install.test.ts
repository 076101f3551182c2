/** The whole way: upstream, recipe, image, publication, worker, and the real clients that install and merge it. */
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Catalog } from "../../builder/catalog.ts";
import { sha256Of } from "../../builder/system/digest.ts";
import { run } from "../../builder/system/run.ts";
import { listVersions } from "../../builder/versions/list-versions.ts";
import { ARCHES, imageFile, type ReleaseManifest } from "../../schema/index.ts";
import { execute } from "../support/execute.ts";
import { LocalReleases, upstreams } from "../support/local-releases.ts";
import { Machine } from "../support/machine.ts";
import { mergingUnavailable, runMerged } from "../support/merged.ts";
import { freePort } from "../support/ports.ts";
import { describeWhere } from "../support/requirements.ts";
import { clientUnavailable, type SystemdClient, systemdClient } from "../support/systemd-client.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/extensions", import.meta.url));
async function fetchBytes(url: string): Promise<Uint8Array> {
  return new Uint8Array(await (await fetch(url)).arrayBuffer());
}

let client: SystemdClient;
let bakery: LocalReleases;

async function open(): Promise<void> {
  client = await systemdClient();
  bakery = await LocalReleases.open();
}
const close = () => bakery.stop();

describeWhere((await mergingUnavailable()) ?? (await clientUnavailable()), "workerd, baked from npm's packages", () => {
  let versions: [older: string, newer: string];
  let older: ReleaseManifest;
  const catalog = new Catalog();

  beforeAll(async () => {
    await open();
    const { recipe } = await catalog.load("workerd");
    const [newer = "", second = ""] = await listVersions(recipe.versions, upstreams);
    versions = [second, newer];
    older = await bakery.release(catalog, "workerd", second);
  }, 300_000);
  afterAll(close);

  it("is verified by npm's integrity for both architectures", () => {
    expect(older.images.map(({ arch }) => arch)).toEqual([...ARCHES]);
    expect(older.provenance.downloads.map(({ url, verifiedBy }) => `${verifiedBy} ${url}`)).toEqual([
      `npm-integrity npm:@cloudflare/workerd-linux-64@${versions[0]}`,
      `npm-integrity npm:@cloudflare/workerd-linux-arm64@${versions[0]}`,
    ]);
  });

  it("is installed, updated and merged by systemd, and runs", async () => {
    const [first, second] = versions;
    await using machine = await Machine.following(client, bakery.url, "workerd");
    expect((await machine.sysupdate("list")).stdout).toContain(first);
    expect(await machine.sysupdate("check-new")).toMatchObject({ exitCode: 0, stdout: `${first}\n` });

    expect(await machine.sysupdate("update")).toMatchObject({ exitCode: 0 });
    const image = imageFile({ extension: "workerd", version: first }, "x86-64");
    expect(await machine.installed()).toEqual([image]);
    expect(await machine.current()).toBe(image);
    expect(sha256Of(await readFile(machine.imagePath(image)))).toBe(older.images[0]?.sha256);
    expect((await machine.sysupdate("check-new")).exitCode).toBe(1);

    await bakery.release(catalog, "workerd", second, ["x86-64"]);
    expect(await machine.sysupdate("check-new")).toMatchObject({ exitCode: 0, stdout: `${second}\n` });
    expect(await machine.sysupdate("update")).toMatchObject({ exitCode: 0 });
    const updated = imageFile({ extension: "workerd", version: second }, "x86-64");
    expect(await machine.installed()).toEqual([image, updated].sort());
    expect(await machine.current()).toBe(updated);

    // The version 1.20261117.1 says "workerd 2026-11-17".
    for (const version of versions) {
      const [, year, month, day] = /^1\.(\d{4})(\d{2})(\d{2})\./.exec(version) ?? [];
      const file = machine.imagePath(imageFile({ extension: "workerd", version }, "x86-64"));
      const merged = await runMerged(client, {
        image: file,
        name: "workerd",
        command: ["usr/bin/workerd", "--version"],
      });
      expect(merged).toMatchObject({ extensions: ["workerd"], exitCode: 0, leftBehind: false });
      expect(merged.stdout).toBe(`workerd ${year}-${month}-${day}\n`);
    }
  }, 120_000);

  it("answers on a loopback port with the configuration that it brings, from a unit that systemd accepts", async () => {
    const file = imageFile({ extension: "workerd", version: versions[0] }, "x86-64");
    await using machine = await Machine.following(client, bakery.url, "workerd");
    await writeFile(machine.imagePath(file), await fetchBytes(`${bakery.url}/extensions/${file}`));
    const root = join(machine.root, "image");
    await run("unsquashfs", ["-quiet", "-no-progress", "-dest", root, machine.imagePath(file)]);

    const program = join(root, "usr/bin/workerd");
    const port = await freePort();
    const address = `http=127.0.0.1:${port}`;
    // A minimal host has no CA certificates, and the service starts there as well.
    const env = { ...process.env, SSL_CERT_FILE: "/nowhere", SSL_CERT_DIR: "/nowhere" };
    const config = join(root, "usr/share/workerd/config.capnp");
    const server = spawn(program, ["serve", config, "--socket-addr", address], { env });
    try {
      const ask = () => fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text(), String);
      await expect.poll(ask, { timeout: 10_000 }).toMatch(/^workerd runs; /);
    } finally {
      server.kill();
    }

    const unit = await readFile(join(root, "usr/lib/systemd/system/workerd.service"), "utf8");
    const copy = join(machine.root, "workerd.service");
    await writeFile(copy, unit.replace("/usr/bin/workerd", program));
    expect(await execute("systemd-analyze", ["--man=no", "verify", copy])).toEqual({
      exitCode: 0,
      stdout: "",
      stderr: "",
    });
    const dropIn = join(root, "usr/lib/systemd/system/multi-user.target.d/10-workerd.conf");
    expect(await readFile(dropIn, "utf8")).toBe("[Unit]\nUpholds=workerd.service\n");
  });

  it("is not merged where it is for another architecture (control)", async () => {
    const file = imageFile({ extension: "workerd", version: versions[0] }, "arm64");
    await using machine = await Machine.following(client, bakery.url, "workerd");
    const path = machine.imagePath(file);
    await writeFile(path, await fetchBytes(`${bakery.url}/extensions/${file}`));
    const merged = await runMerged(client, { image: path, name: "workerd", command: ["usr/bin/workerd", "--version"] });
    expect(merged.extensions).toEqual([]);
    expect(merged.stdout).toBe("");
  });
});

describeWhere(await clientUnavailable(), "a machine that follows the bakery", () => {
  const catalog = new Catalog(FIXTURES);
  const image = (version: string) => imageFile({ extension: "greeter", version }, "x86-64");

  beforeAll(open, 120_000);
  afterAll(close);

  it("keeps InstancesMax versions, by the order of versions and not of letters", async () => {
    await bakery.release(catalog, "greeter", "1.0.0");
    await using machine = await Machine.following(client, bakery.url, "greeter");
    for (const version of ["1.2.0", "1.10.0", "2.0.0"]) {
      await machine.sysupdate("update");
      await bakery.release(catalog, "greeter", version);
    }
    expect(await machine.sysupdate("update")).toMatchObject({ exitCode: 0 });
    expect(await machine.installed()).toEqual([image("1.10.0"), image("1.2.0"), image("2.0.0")]);
    expect(await machine.current()).toBe(image("2.0.0"));
  });

  const flaws: Record<string, (bytes: Uint8Array) => Uint8Array> = {
    corrupted: (bytes) => bytes.with(bytes.length >> 1, (bytes[bytes.length >> 1] ?? 0) ^ 1),
    truncated: (bytes) => bytes.slice(0, -1),
    longer: (bytes) => new Uint8Array([...bytes, 0]),
  };
  it.each(Object.keys(flaws))("refuses an image that is %s, and keeps the one it has", async (flaw) => {
    await bakery.release(catalog, "greeter", "2.0.0");
    await using machine = await Machine.following(client, bakery.url, "greeter");
    expect(await machine.sysupdate("update", "1.10.0")).toMatchObject({ exitCode: 0 });

    const release = { extension: "greeter", version: "2.0.0" };
    await bakery.tamper(release, flaws[flaw] ?? ((bytes) => bytes));
    const { exitCode, stderr } = await machine.sysupdate("update");
    expect(exitCode, stderr).toBe(1);
    expect(await machine.installed()).toEqual([image("1.10.0")]);
    expect(await machine.current()).toBe(image("1.10.0"));
  });

  it("is mended by publishing the same release again", async () => {
    const release = { extension: "greeter", version: "2.0.0" };
    await bakery.tamper(release, (bytes) => bytes.slice(0, -1));
    await bakery.release(catalog, "greeter", "2.0.0");
    await using machine = await Machine.following(client, bakery.url, "greeter");
    expect(await machine.sysupdate("update")).toMatchObject({ exitCode: 0 });
    expect(await machine.current()).toBe(image("2.0.0"));
  });
});
