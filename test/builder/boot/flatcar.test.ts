/** Flatcar from a stand-in of its servers: what is downloaded is verified, and what it is told is what Ignition takes. */
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMessage, generateKey, type PrivateKey, sign } from "openpgp";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ignitionConfig } from "../../../builder/boot/flatcar/ignition.ts";
import { serveImages } from "../../../builder/boot/flatcar/image-server.ts";
import { readOwnConfig } from "../../../builder/boot/flatcar/own-config.ts";
import { flatcarFiles } from "../../../builder/boot/flatcar/release.ts";
import type { BootImage } from "../../../builder/boot/images.ts";
import { Http } from "../../../builder/system/http.ts";
import { progressOn } from "../../../builder/system/progress.ts";
import { FIXTURES, Workplace } from "../../support/bakery.ts";
import { Ignition } from "../../support/ignition.ts";
import { describeWhere } from "../../support/requirements.ts";
import { sha256 } from "../../support/sha256.ts";
import { clientUnavailable } from "../../support/systemd-client.ts";
import { fileHost } from "../../support/upstreams/file-host.ts";
import { Mirror } from "../../support/upstreams/mirror.ts";

const PARTS = ["efi_code.qcow2", "efi_vars.qcow2", "image.img"].map((part) => `flatcar_production_qemu_uefi_${part}`);
const SERVER = "alpha.release.flatcar-linux.net";

/** A key that signs by a subkey, as Flatcar's does. */
async function newKey(): Promise<PrivateKey> {
  const userIDs = [{ name: "Buildbot", email: "buildbot@example.org" }];
  const subkeys = [{ sign: true }];
  const { privateKey } = await generateKey({ type: "rsa", rsaBits: 2048, userIDs, subkeys, format: "object" });
  return privateKey;
}

let key: PrivateKey;
let work: string;
let cache: string;
let said: string;
beforeAll(async () => {
  key = await newKey();
  work = await mkdtemp(join(tmpdir(), "flatcar-"));
});
beforeEach(async () => {
  cache = await mkdtemp(join(work, "cache-"));
  said = "";
});
afterAll(() => rm(work, { recursive: true }));

async function servers(version: string, signer = key): Promise<Mirror> {
  const files: Record<string, string | Uint8Array> = {
    "/amd64-usr/current/version.txt": `FLATCAR_BUILD=4700\nFLATCAR_VERSION=${version}\nFLATCAR_BUILD_ID=""\n`,
  };
  for (const part of PARTS) {
    const content = Buffer.from(`${version} ${part}\n`.repeat(5_000));
    const message = await createMessage({ binary: content });
    files[`/amd64-usr/${version}/${part}`] = content;
    files[`/amd64-usr/${version}/${part}.sig`] = await sign({
      message,
      signingKeys: signer,
      detached: true,
      format: "binary",
    });
  }
  const path = "/security/image-signing-key/Flatcar_Image_Signing_Key.asc";
  return Mirror.open({
    [SERVER]: fileHost(files),
    "www.flatcar.org": fileHost({ [path]: signer.toPublic().armor() }),
  });
}

function getFrom(mirror: { readonly url: string }) {
  const progress = progressOn({
    write: (text) => {
      said += text;
    },
  });
  const http = new Http({ mirror: mirror.url, retryDelay: 1 });
  return flatcarFiles("x86-64", { http, cache, progress, fingerprint: key.getFingerprint().toUpperCase() });
}
const kept = () => readdir(join(cache, "machines")).catch(() => []);

describe("Flatcar's files", () => {
  it("are downloaded with their signatures, once; and are there when the server is not", async () => {
    await using mirror = await servers("4700.0.0");
    const files = await getFrom(mirror);
    expect(files.version).toBe("4700.0.0");
    expect(await readFile(files.image, "utf8")).toMatch(/^4700\.0\.0 flatcar_production_qemu_uefi_image\.img\n/);
    expect(await readFile(files.code, "utf8")).toContain("efi_code");
    expect(await readFile(files.variables, "utf8")).toContain("efi_vars");

    expect(await getFrom(mirror)).toEqual(files);
    for (const part of PARTS) expect(mirror.count(`${SERVER}/amd64-usr/4700.0.0/${part}`)).toBe(1);

    expect(await getFrom({ url: "http://127.0.0.1:9" })).toEqual(files);
    expect(said).toContain("Flatcar's server does not answer: this is 4700.0.0, which was downloaded before");
  });

  it("are those of a newer version when there is one", async () => {
    await using before = await servers("4700.9.0");
    await getFrom(before);
    await using after = await servers("4700.10.0");
    expect((await getFrom(after)).version).toBe("4700.10.0");
    expect((await getFrom({ url: "http://127.0.0.1:9" })).version).toBe("4700.10.0");
  });

  it.each([
    ["image.img", "garble"],
    ["efi_code.qcow2", "garble"],
    ["efi_vars.qcow2.sig", "garble"],
  ] as const)("of which %s comes wrong have no name, and are right the next time", async (part, fault) => {
    await using mirror = await servers("4700.0.0");
    mirror.fail(`${SERVER}/amd64-usr/4700.0.0/flatcar_production_qemu_uefi_${part}`, fault);
    const error = await getFrom(mirror).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: "a file of Flatcar's is not what Flatcar has signed" });
    expect(await kept()).not.toContainEqual(expect.stringContaining(part.replace(".sig", "")));
    expect((await getFrom(mirror)).version).toBe("4700.0.0");
  });

  it("that another key has signed are refused, and so is that key", async () => {
    const other = await newKey();
    await using mirror = await servers("4700.0.0", other);
    await expect(getFrom(mirror)).rejects.toThrow("Flatcar's signing key is another one than it was");
    expect(mirror.arrivals.filter(({ path }) => path.includes("qemu"))).toEqual([]);
    expect(await kept()).toEqual([]);
  });

  it("are refused by the command line unless Flatcar's own key has signed them", async () => {
    await using mirror = await servers("4700.0.0");
    await using workplace = await Workplace.open();
    await workplace.run(["create", "greeter", "1.0.0"], { BAKERY_EXTENSIONS: FIXTURES });
    const { exitCode, stderr } = await workplace.run(["boot", "greeter.raw"], {
      BAKERY_MIRROR: mirror.url,
      BAKERY_CACHE: cache,
    });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("expected  F88CFEDEFF29A5B4D9523864E25D9AED0593B34A");
  });
});

describeWhere(await clientUnavailable(), "what Flatcar is told", () => {
  let ignition: Ignition;
  let tree: string;
  let images: BootImage[];
  beforeAll(async () => {
    ignition = await Ignition.get();
    images = await Promise.all(
      ["hello", "other"].map(async (extension) => {
        const path = join(work, `${extension}-1.0.0-x86-64.raw`);
        await writeFile(path, `the image of ${extension}`);
        return { given: path, path, extension, sha256: sha256(`the image of ${extension}`) };
      }),
    );
  });
  beforeEach(async () => {
    tree = await mkdtemp(join(work, "tree-"));
    await mkdir(join(tree, "etc"));
  });
  afterEach(() => rm(tree, { recursive: true }));

  /** As the guest does, which calls this machine 10.0.2.2. */
  const here = (url: string) => url.replace("10.0.2.2", "127.0.0.1");

  it("is taken by Ignition: images by the names that they have inside, no updates, and what the user wants", async () => {
    await using server = await serveImages(images);
    await writeFile(
      join(work, "own.ign"),
      JSON.stringify({
        ignition: { version: "3.2.0" },
        storage: { files: [{ path: "/etc/own", contents: { source: "data:,mine" } }] },
      }),
    );
    const own = await readOwnConfig("own.ign", work);
    const config = ignitionConfig({ arch: "x86-64", images, urlOf: (image) => here(server.urlOf(image)), own });
    expect(await ignition.validate(config, work)).toMatchObject({ exitCode: 0 });

    const applied = await ignition.apply(config, work, tree);
    expect(applied.exitCode, applied.stdout).toBe(0);
    expect((await readdir(join(tree, "etc/extensions"))).sort()).toEqual(["hello.raw", "other.raw"]);
    expect(await readFile(join(tree, "etc/extensions/other.raw"), "utf8")).toBe("the image of other");
    expect(await readFile(join(tree, "etc/own"), "utf8")).toBe("mine");
    for (const unit of ["update-engine", "locksmithd"])
      expect(await readlink(join(tree, `etc/systemd/system/${unit}.service`))).toBe("/dev/null");
    const dropIn = "etc/systemd/system/serial-getty@ttyS0.service.d/10-autologin.conf";
    expect(await readFile(join(tree, dropIn), "utf8")).toContain("--autologin core");
  });

  it("does not let an image be another one than it was (control)", async () => {
    const wrong = images.map((image) => ({ ...image, sha256: "0".repeat(64) }));
    await using server = await serveImages(images);
    const config = ignitionConfig({ arch: "x86-64", images: wrong, urlOf: (image) => here(server.urlOf(image)) });
    const applied = await ignition.apply(config, work, tree);
    expect(applied.exitCode).not.toBe(0);
    expect(applied.stdout + applied.stderr).toMatch(/hash verification failed/);
  });

  it("is served on the loopback interface, images and nothing else, at a port of its own for each machine", async () => {
    await using first = await serveImages(images);
    await using second = await serveImages(images);
    expect(first.port).not.toBe(second.port);
    expect((await fetch(`http://127.0.0.1:${first.port}/hello.raw`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${first.port}/../etc/passwd`)).status).toBe(404);
  });
});

describe("a Butane file", () => {
  it("is translated by butane, with the files beside it, and refused with its words", async () => {
    const bin = join(work, "bin");
    await mkdir(bin);
    const butane = `#!/bin/sh
[ "$1 $2 $3" = "--strict --files-dir ${work}" ] || { echo "called as $*" >&2; exit 1; }
grep -q broken "$4" && { echo "error: line 2: unknown key" >&2; exit 1; }
echo '{ "ignition": { "version": "3.4.0" } }'
`;
    await writeFile(join(bin, "butane"), butane, { mode: 0o755 });
    await writeFile(join(work, "node.yaml"), "variant: flatcar\n");
    await writeFile(join(work, "broken.yaml"), "broken\n");
    const path = process.env.PATH;
    process.env.PATH = `${bin}:${path}`;
    try {
      expect(await readOwnConfig("node.yaml", work)).toEqual({ ignition: { version: "3.4.0" } });
      await expect(readOwnConfig("broken.yaml", work)).rejects.toMatchObject({
        message: "butane refuses broken.yaml",
        details: { output: "error: line 2: unknown key" },
      });
    } finally {
      process.env.PATH = path;
    }
  });
});
