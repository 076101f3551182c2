/** Machines that demand signatures: what is signed they install, and whatever is altered they refuse. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { Catalog } from "../../builder/catalog.ts";
import type { SigningPolicy } from "../../builder/publish/index-signer.ts";
import type { Keyring } from "../../builder/signing/keyring.ts";
import { SigningKey } from "../../builder/signing/signing-key.ts";
import { type Generation, imageFile, withBestBefore, withoutBestBefore } from "../../schema/index.ts";
import { FIXTURES } from "../support/bakery.ts";
import { LocalReleases } from "../support/local-releases.ts";
import { Machine } from "../support/machine.ts";
import { mergingUnavailable } from "../support/merged.ts";
import { describeWhere } from "../support/requirements.ts";
import {
  clientUnavailable,
  SYSUPDATE_VERSIONS,
  type SysupdateClient,
  type SysupdateVersion,
  sysupdateClient,
} from "../support/systemd-client.ts";

const image = (version: string) => imageFile({ extension: "greeter", version }, "x86-64");
const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
});

/** From the beginning of the day that it is in so many days, 262 refuses. */
const dayFromNow = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

async function newPolicy(): Promise<SigningPolicy> {
  const key = await SigningKey.open(await SigningKey.generate({ name: "Bakery", email: "bakery@example.org" }));
  return { key, trusted: key.keyring, bestBefore: { days: 30, day: dayFromNow(30) } };
}

/** The client of a machine that has this keyring, or none. */
async function trusting(version: SysupdateVersion, keyring?: Uint8Array): Promise<SysupdateClient> {
  const etc = await mkdtemp(join(tmpdir(), "etc-systemd-"));
  folders.push(etc);
  if (keyring !== undefined) await writeFile(join(etc, "import-pubring.gpg"), keyring);
  return (await sysupdateClient(version)).withEtc(etc);
}

const keyringOf = (ring: Keyring) => Buffer.from(ring.bytes).toString("base64");

describeWhere((await mergingUnavailable()) ?? (await clientUnavailable()), "a machine that verifies", () => {
  let policy: SigningPolicy;
  let bakery: LocalReleases;
  let good: Generation | undefined;
  let older: Generation | undefined;
  const requests: string[] = [];
  const catalog = new Catalog(FIXTURES);

  beforeAll(async () => {
    policy = await newPolicy();
    const log = (line: string) => requests.push(JSON.parse(line).path);
    const vars = { SIGNING_KEYRING: keyringOf(policy.trusted) };
    bakery = await LocalReleases.open(vars, { signing: policy, log });
    await bakery.release(catalog, "greeter", "1.0.0", ["x86-64"]);
    await bakery.tamperIndex("greeter", (index) => (older = index));
    await bakery.release(catalog, "greeter", "1.2.0", ["x86-64"]);
    await bakery.tamperIndex("greeter", (index) => (good = index));
  }, 120_000);
  afterAll(() => bakery.stop());
  beforeEach(() => bakery.tamperIndex("greeter", (index) => good ?? index));

  it("has the keyring from the bakery", async () => {
    for (const name of ["import-pubring.gpg", "import-pubring.pgp"]) {
      const response = await fetch(`${bakery.url}/keys/${name}`);
      expect(Buffer.from(await response.arrayBuffer()).equals(Buffer.from(policy.trusted.bytes))).toBe(true);
    }
    expect(await (await fetch(`${bakery.url}/extensions/greeter.conf`)).text()).toContain("Verify=true\n");
  });

  describe.each(SYSUPDATE_VERSIONS)("with systemd %i", (version) => {
    let client: SysupdateClient;
    const suffix = version === 254 ? "conf" : "transfer";

    beforeAll(async () => {
      client = await trusting(version, policy.trusted.bytes);
    }, 120_000);

    it("installs what is signed, from the index of all versions and from that of a series", async () => {
      await using machine = await Machine.following(client, bakery.url, "greeter", { suffix });
      expect(await machine.sysupdate("update")).toMatchObject({ exitCode: 0 });
      expect(await machine.installed()).toEqual([image("1.2.0")]);
      await using patched = await Machine.following(client, bakery.url, "greeter", { suffix, series: "1.0" });
      expect(await patched.sysupdate("update")).toMatchObject({ exitCode: 0 });
      expect(await patched.installed()).toEqual([image("1.0.0")]);
    });

    it("asks for no name that is not there", async () => {
      await using machine = await Machine.following(client, bakery.url, "greeter", { suffix });
      // What was asked before has been logged, too, when this has.
      await fetch(`${bakery.url}/healthz`);
      await expect.poll(() => requests.includes("/healthz")).toBe(true);
      requests.length = 0;
      await machine.sysupdate("list");
      // 262 would ask for up to four.
      const signature = version === 262 ? "SHA256SUMS.sha256.asc" : "SHA256SUMS.gpg";
      const wanted = ["SHA256SUMS", signature].map((name) => `/extensions/greeter/${name}`);
      await expect.poll(() => requests.toSorted()).toEqual(wanted);
    });

    const attacks: [string, (index: Generation) => Generation][] = [
      ["an index with another hash", (index) => ({ ...index, text: index.text.replace(/^..../, "0000") })],
      ["an index without a signature", (index) => ({ ...index, signatures: {} })],
      [
        "a signature of which a bit is wrong",
        (index) => ({ ...index, signatures: { index: withOtherBit(index.signatures.index ?? "") } }),
      ],
    ];
    // To whoever verifies, these are the first one again: a text that is not the signed one.
    const moreAttacks: typeof attacks = [
      [
        "an index with one more line",
        (index) => ({ ...index, text: `${"a".repeat(64)}  ${image("9.0.0")}\n${index.text}` }),
      ],
      ["the signature of the older index", (index) => ({ ...index, signatures: older?.signatures ?? {} })],
      ["an older index with the newer signature", (index) => ({ ...index, text: older?.text ?? "" })],
    ];
    if (version === 262) attacks.push(...moreAttacks);
    it("refuses each attack, keeps what it has, and goes on once all is right", async () => {
      await using machine = await Machine.following(client, bakery.url, "greeter", { suffix });
      expect(await machine.sysupdate("update", "1.0.0")).toMatchObject({ exitCode: 0 });
      for (const [name, attack] of attacks) {
        await bakery.tamperIndex("greeter", (index) => attack(good ?? index));
        expect((await machine.sysupdate("update")).exitCode, name).toBe(1);
        expect(await machine.installed(), name).toEqual([image("1.0.0")]);
        expect(await machine.current(), name).toBe(image("1.0.0"));
      }
      await bakery.tamperIndex("greeter", (index) => good ?? index);
      expect(await machine.sysupdate("update")).toMatchObject({ exitCode: 0 });
      expect(await machine.current()).toBe(image("1.2.0"));
    });

    it("takes an index until its day; from then on 262 refuses it, an old one that is replayed too", async () => {
      const signed = async (day: string) => {
        const text = withBestBefore(withoutBestBefore(older?.text ?? "").text, day);
        return { text, signatures: { index: await policy.key.sign(text) } };
      };
      const updated = async (day: string) => {
        const replayed = await signed(day);
        await bakery.tamperIndex("greeter", (index) => ({ ...index, ...replayed }));
        await using machine = await Machine.following(client, bakery.url, "greeter", { suffix });
        const { exitCode, stderr } = await machine.sysupdate("update");
        return { exitCode, isStale: /out-of-date file list, refusing/.test(stderr), images: await machine.installed() };
      };
      const installed = { exitCode: 0, isStale: false, images: [image("1.0.0")] };
      if (version < 260) {
        expect(await updated(dayFromNow(-20))).toEqual(installed);
        return;
      }
      expect(await updated(dayFromNow(1))).toEqual(installed);
      for (const day of [dayFromNow(0), dayFromNow(-20)]) {
        expect(await updated(day), day).toEqual({ exitCode: 1, isStale: true, images: [] });
      }
      vi.stubEnv("SYSTEMD_SYSUPDATE_VERIFY_FRESHNESS", "0");
      try {
        expect(await updated(dayFromNow(-20))).toEqual(installed);
      } finally {
        vi.unstubAllEnvs();
      }
    });

    it("refuses what another key has signed, and everything where it has no keyring", async () => {
      const stranger = (await newPolicy()).trusted.bytes;
      for (const keyring of [stranger, undefined]) {
        const other = await trusting(version, keyring);
        await using machine = await Machine.following(other, bakery.url, "greeter", { suffix });
        expect((await machine.sysupdate("update")).exitCode).toBe(1);
        expect(await machine.installed()).toEqual([]);
      }
    });

    it("refuses an image that was altered, though the index is good", async () => {
      const release = { extension: "greeter", version: "1.2.0" };
      const flipABit = (bytes: Uint8Array) => bytes.with(9, (bytes[9] ?? 0) ^ 1);
      await bakery.tamper(release, flipABit);
      await using machine = await Machine.following(client, bakery.url, "greeter", { suffix });
      expect((await machine.sysupdate("update")).exitCode).toBe(1);
      expect(await machine.current()).toBeUndefined();
      await bakery.tamper(release, flipABit);
      await using mended = await Machine.following(client, bakery.url, "greeter", { suffix });
      expect(await mended.sysupdate("update")).toMatchObject({ exitCode: 0 });
    });
  });
});

describeWhere((await mergingUnavailable()) ?? (await clientUnavailable()), "a key that is replaced by another", () => {
  it("in the order of the documentation, no systemd ever refuses anything", async () => {
    const [old, next] = [await newPolicy(), await newPolicy()];
    const both = old.trusted.with(next.trusted);
    const catalog = new Catalog(FIXTURES);
    const bakery = await LocalReleases.open({ SIGNING_KEYRING: keyringOf(both) }, { signing: old });
    try {
      /** What machines of every version that have this keyring are left with. */
      const updated = (keyring: Keyring) =>
        Promise.all(
          SYSUPDATE_VERSIONS.map(async (version) => {
            const client = await trusting(version, keyring.bytes);
            const suffix = version === 254 ? "conf" : "transfer";
            await using machine = await Machine.following(client, bakery.url, "greeter", { suffix });
            const { exitCode } = await machine.sysupdate("update");
            return [version, exitCode, await machine.installed()];
          }),
        );
      const all = (exitCode: number, ...images: string[]) =>
        SYSUPDATE_VERSIONS.map((version) => [version, exitCode, images]);
      // 1. The old key signs; machines and the bakery get a keyring of both.
      await bakery.release(catalog, "greeter", "1.0.0", ["x86-64"]);
      for (const ring of [old.trusted, both]) expect(await updated(ring)).toEqual(all(0, image("1.0.0")));
      // 2. The new key signs, and vouches for what the old one has signed.
      bakery.signing = { key: next.key, trusted: both };
      await bakery.release(catalog, "greeter", "1.2.0", ["x86-64"]);
      expect(await updated(both)).toEqual(all(0, image("1.2.0")));
      // 3. The old key is taken out of the keyrings.
      expect(await updated(next.trusted)).toEqual(all(0, image("1.2.0")));
      // Control: who was left behind in step 1 refuses from step 2 on.
      expect(await updated(old.trusted)).toEqual(all(1));
    } finally {
      await bakery.stop();
    }
  }, 120_000);
});

/** In base64, six characters from the end. */
function withOtherBit(base64: string): string {
  return base64.replace(/.(?=.{5}$)/, (character) => (character === "A" ? "B" : "A"));
}
