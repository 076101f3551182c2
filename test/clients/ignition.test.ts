/** Ignition at first boot: it fetches images and transfer files by name and hash, as provisioning does. */
import { mkdir, mkdtemp, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Catalog } from "../../builder/catalog.ts";
import { sha256Of } from "../../builder/system/digest.ts";
import { FIXTURES } from "../support/bakery.ts";
import { Ignition } from "../support/ignition.ts";
import { LocalReleases } from "../support/local-releases.ts";
import { describeWhere } from "../support/requirements.ts";
import { clientUnavailable } from "../support/systemd-client.ts";

const IMAGE = "greeter-1.2.0-x86-64.raw";

describeWhere(await clientUnavailable(), "Ignition", () => {
  let ignition: Ignition;
  let bakery: LocalReleases;
  let work: string;
  let sha256: string;

  beforeAll(async () => {
    ignition = await Ignition.get();
    bakery = await LocalReleases.open();
    work = await mkdtemp(join(tmpdir(), "ignition-"));
    const { images } = await bakery.release(new Catalog(FIXTURES), "greeter", "1.2.0");
    sha256 = images[0]?.sha256 ?? "";
  }, 120_000);
  afterAll(async () => {
    await bakery.stop();
    await rm(work, { recursive: true });
  });

  function config(path: string, hash: string) {
    const source = (of: string) => ({ source: `${bakery.url}/extensions/${of}` });
    const image = { ...source(path), verification: { hash: `sha256-${hash}` } };
    return {
      ignition: { version: "3.3.0" },
      storage: {
        files: [
          { path: `/opt/extensions/greeter/${IMAGE}`, contents: image },
          { path: "/etc/sysupdate.greeter.d/greeter.transfer", contents: source("greeter.transfer") },
        ],
        links: [{ path: "/etc/extensions/greeter.raw", target: `/opt/extensions/greeter/${IMAGE}`, hard: false }],
      },
    };
  }

  async function apply(path: string, hash: string) {
    const tree = await mkdtemp(join(work, "tree-"));
    await mkdir(join(tree, "etc"), { recursive: true });
    return { tree, applied: await ignition.apply(config(path, hash), work, tree) };
  }

  it.each([IMAGE, `greeter/${IMAGE}`, "greeter/latest/x86-64.raw"])(
    "installs %s, by way of redirects too",
    async (path) => {
      expect(await ignition.validate(config(path, sha256), work)).toMatchObject({ exitCode: 0 });
      const { tree, applied } = await apply(path, sha256);
      expect(applied.exitCode, applied.stdout).toBe(0);
      expect(sha256Of(await readFile(join(tree, "opt/extensions/greeter", IMAGE)))).toBe(sha256);
      expect(await readlink(join(tree, "etc/extensions/greeter.raw"))).toBe(`/opt/extensions/greeter/${IMAGE}`);
      const transfer = await readFile(join(tree, "etc/sysupdate.greeter.d/greeter.transfer"), "utf8");
      expect(transfer).toContain(`Path=${bakery.url}/extensions/greeter/`);
    },
  );

  it("refuses an image that has another hash (control)", async () => {
    const { applied } = await apply(IMAGE, "0".repeat(64));
    expect(applied.exitCode).not.toBe(0);
    expect(applied.stdout + applied.stderr).toMatch(/hash verification failed/);
  });
});
