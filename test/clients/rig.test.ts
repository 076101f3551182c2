/** The rig itself: real clients against a plain server and images made by hand, with nothing of ours in between. */
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { run } from "../../builder/system/run.ts";
import { mergingUnavailable, runMerged } from "../support/merged.ts";
import { describeWhere } from "../support/requirements.ts";
import { clientUnavailable, type SystemdClient, systemdClient } from "../support/systemd-client.ts";

let work: string;
let site: string;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "rig-"));
  site = join(work, "site");
  await mkdir(site);
});
afterAll(() => rm(work, { recursive: true }));

/** Packs a program that says its version, and publishes it in the index. */
async function publish(version: string, architecture = "x86-64"): Promise<string> {
  const tree = join(work, `tree-${version}-${architecture}`);
  await mkdir(join(tree, "usr/bin"), { recursive: true });
  await mkdir(join(tree, "usr/lib/extension-release.d"), { recursive: true });
  const metadata = `ID=_any\nARCHITECTURE=${architecture}\n`;
  await writeFile(join(tree, "usr/lib/extension-release.d/extension-release.demo"), metadata);
  await writeFile(join(tree, "usr/bin/demo"), `#!/bin/sh\necho "demo ${version}: $*"\nexit 7\n`);
  await chmod(join(tree, "usr/bin/demo"), 0o755);

  const image = join(site, `demo-${version}-${architecture}.raw`);
  await run("mksquashfs", [tree, image, "-all-root", "-quiet", "-no-progress"]);
  const digest = createHash("sha256")
    .update(await readFile(image))
    .digest("hex");
  await writeFile(join(site, "SHA256SUMS"), `${digest}  ${basename(image)}\n`, { flag: "a" });
  return image;
}

async function serve(folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    readFile(join(folder, basename(request.url ?? ""))).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  return server;
}

describeWhere(await clientUnavailable(), "systemd-sysupdate", () => {
  let client: SystemdClient;
  let server: Server | undefined;
  let machine: string;

  const sysupdate = (...args: string[]) => client.sysupdate(`--definitions=${join(machine, "definitions")}`, ...args);
  const images = async () => (await readdir(join(machine, "images"))).sort();
  const current = async () => basename(await readlink(join(machine, "demo.raw")));

  beforeAll(async () => {
    client = await systemdClient();
    server = await serve(site);
    machine = join(work, "machine");
    for (const folder of ["definitions", "images"]) await mkdir(join(machine, folder), { recursive: true });
    const { port } = server.address() as AddressInfo;
    const transfer = `[Transfer]
Verify=false
[Source]
Type=url-file
Path=http://127.0.0.1:${port}/demo/
MatchPattern=demo-@v-%a.raw
[Target]
InstancesMax=3
Type=regular-file
Path=${join(machine, "images")}
CurrentSymlink=${join(machine, "demo.raw")}
MatchPattern=demo-@v-%a.raw
`;
    await writeFile(join(machine, "definitions/demo.conf"), transfer);
    await publish("1.9.0");
    await publish("1.10.0");
  }, 120_000);
  afterAll(() => server?.close());

  it("is of the version that the first releases to have it are", async () => {
    expect((await client.sysupdate("--version")).stdout).toMatch(/^systemd 254 /);
  });

  it("lists both versions, installs the older, updates to the newer and moves the symlink", async () => {
    const { stdout } = await sysupdate("list");
    expect(stdout.match(/1\.\d+\.0/g)).toEqual(["1.10.0", "1.9.0"]);

    expect(await sysupdate("update", "1.9.0")).toMatchObject({ exitCode: 0 });
    expect(await images()).toEqual(["demo-1.9.0-x86-64.raw"]);
    expect(await current()).toBe("demo-1.9.0-x86-64.raw");

    expect(await sysupdate("check-new")).toMatchObject({ exitCode: 0, stdout: "1.10.0\n" });
    expect(await sysupdate("update")).toMatchObject({ exitCode: 0 });
    expect(await images()).toEqual(["demo-1.10.0-x86-64.raw", "demo-1.9.0-x86-64.raw"]);
    expect(await current()).toBe("demo-1.10.0-x86-64.raw");
    expect((await sysupdate("check-new")).exitCode).toBe(1);
  });

  it("fails on an image that is not what the index says (control)", async () => {
    const image = await publish("1.11.0");
    await writeFile(image, "x", { flag: "a" });
    expect((await sysupdate("update")).exitCode).toBe(1);
    expect(await current()).toBe("demo-1.10.0-x86-64.raw");
  });
});

describeWhere((await clientUnavailable()) ?? (await mergingUnavailable()), "a merged image", () => {
  const merge = async (image: string) =>
    runMerged(await systemdClient(), { image, name: "demo", command: ["usr/bin/demo", "a", "b c"] });

  it("runs its program, whose output and exit code are kept, and is gone when it is unmerged", async () => {
    expect(await merge(await publish("2.0.0"))).toMatchObject({
      extensions: ["demo"],
      stdout: "demo 2.0.0: a b c\n",
      exitCode: 7,
      leftBehind: false,
    });
  });

  it("is none where it is for another architecture (control)", async () => {
    const merged = await merge(await publish("2.0.0", "arm64"));
    expect(merged).toMatchObject({ extensions: [], stdout: "", leftBehind: false });
    expect(merged.exitCode).toBe(127);
  });

  it("leaves nothing mounted on the machine", async () => {
    await merge(await publish("2.1.0"));
    expect(await readFile("/proc/self/mounts", "utf8")).not.toMatch(/sysext|\/merged-/);
  });
});
