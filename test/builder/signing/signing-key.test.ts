/** Signing: keys of ours and of gpg's, and what gpg says of their signatures. */
import { generateKey } from "openpgp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Keyring } from "../../../builder/signing/keyring.ts";
import { SigningKey } from "../../../builder/signing/signing-key.ts";
import { Gpg } from "../../support/gpg.ts";

const TEXT = `${"a".repeat(64)}  k3s-v1.0-arm64.raw\n`;
let gpg: Gpg;
const PASSPHRASE = "correct horse";

beforeAll(async () => {
  gpg = await Gpg.open();
  await gpg.generate("ed", "ed25519");
  await gpg.generate("rsa", "rsa3072");
  await gpg.generate("locked", "ed25519", PASSPHRASE);
}, 60_000);
afterAll(() => gpg[Symbol.asyncDispose]());

const bytesOf = (base64: string) => Buffer.from(base64, "base64");

describe("what a key signs is verified by gpg, and by us", () => {
  it.each(["ed", "rsa", "locked"])("gpg's own: %s", async (name) => {
    const passphrase = name === "locked" ? PASSPHRASE : undefined;
    const key = await SigningKey.open(await gpg.privateKey(name, passphrase), passphrase);
    const signature = await key.sign(TEXT);
    expect(await gpg.accepts(key.keyring.bytes, TEXT, bytesOf(signature))).toBe(true);
    expect(await gpg.accepts(await gpg.publicKeys(name), TEXT, bytesOf(signature))).toBe(true);
    expect(await gpg.accepts(key.keyring.bytes, `${TEXT} `, bytesOf(signature))).toBe(false);
    expect(await key.keyring.verify(TEXT, signature)).toBe(true);
  });

  it("one that we made", async () => {
    const armored = await SigningKey.generate({ name: "Bakery", email: "bakery@example.org", passphrase: PASSPHRASE });
    expect(armored).toMatch(/^-----BEGIN PGP PRIVATE KEY BLOCK-----/);
    const key = await SigningKey.open(armored, PASSPHRASE);
    const signature = await key.sign(TEXT);
    expect(await gpg.accepts(key.keyring.bytes, TEXT, bytesOf(signature))).toBe(true);
    expect(key.fingerprint).toMatch(/^[0-9A-F]{40}$/);
    expect(key.keyring.fingerprints).toEqual([key.fingerprint]);
  });

  it("and the keyring has nothing secret in it", async () => {
    const key = await SigningKey.open(await gpg.privateKey("ed"));
    await expect(SigningKey.open(Buffer.from(key.keyring.bytes).toString("latin1"))).rejects.toThrow(
      "no armored private",
    );
    await expect(Keyring.parse(Buffer.from(await gpg.privateKey("ed")), "ring")).rejects.toThrow("a private key");
  });
});

describe("a keyring", () => {
  it("agrees with gpg about every signature that is wrong", async () => {
    const [ed, rsa] = [await gpg.publicKeys("ed"), await gpg.publicKeys("rsa")];
    const good = await gpg.sign("ed", TEXT, "--detach-sign");
    const wrong: Record<string, [Uint8Array, Uint8Array, string]> = {
      "of another text": [ed, await gpg.sign("ed", "older\n", "--detach-sign"), TEXT],
      "by a key that is not in the ring": [ed, await gpg.sign("rsa", TEXT, "--detach-sign"), TEXT],
      "of which a bit is wrong": [ed, good.with(-1, (good.at(-1) ?? 0) ^ 1), TEXT],
      "cut off": [ed, good.subarray(0, -1), TEXT],
      empty: [ed, new Uint8Array(), TEXT],
      "no signature": [ed, Buffer.from("<html>"), TEXT],
      clearsigned: [ed, await gpg.sign("ed", TEXT, "--clearsign"), TEXT],
      "a key": [ed, ed, TEXT],
      "one of two, by a key that is not there": [
        ed,
        Buffer.concat([good, await gpg.sign("rsa", TEXT, "--detach-sign")]),
        TEXT,
      ],
    };
    for (const [what, [keys, signature, text]] of Object.entries(wrong)) {
      const ring = await Keyring.parse(keys, "ring");
      expect(await ring.verify(text, Buffer.from(signature).toString("base64")), what).toBe(false);
      expect(await gpg.accepts(keys, text, signature), what).toBe(false);
    }
    expect(await (await Keyring.parse(rsa, "ring")).verify(TEXT, good.toString("base64"))).toBe(false);
  });

  it("of several keys knows all of them, and each once", async () => {
    const [ed, rsa] = await Promise.all(
      ["ed", "rsa"].map(async (name) => Keyring.parse(await gpg.publicKeys(name), name)),
    );
    const both = ed?.with(rsa as Keyring, ed);
    expect(both?.fingerprints).toHaveLength(2);
    for (const name of ["ed", "rsa"]) {
      const signature = await gpg.sign(name, TEXT, "--detach-sign");
      expect(await both?.verify(TEXT, signature.toString("base64"))).toBe(true);
      expect(await gpg.accepts(both?.bytes ?? new Uint8Array(), TEXT, signature)).toBe(true);
    }
  });

  it.each([
    ["", "no OpenPGP keyring"],
    ["rubbish", "no OpenPGP keyring"],
  ])("%j is none", async (text, problem) => {
    await expect(Keyring.parse(Buffer.from(text), "x.gpg")).rejects.toThrow(problem);
  });
});

describe("a key that cannot be used says why, and tells nothing of itself", () => {
  const cases: [string, () => Promise<[string, string?]>, string][] = [
    ["rubbish", async () => ["rubbish"], "the signing key is no armored private key"],
    ["cut off", async () => [(await gpg.privateKey("ed")).slice(0, 200)], "the signing key is no armored private key"],
    ["locked", async () => [await gpg.privateKey("locked", PASSPHRASE)], "the signing key is locked"],
    [
      "with another passphrase",
      async () => [await gpg.privateKey("locked", PASSPHRASE), "wrong"],
      "the signing key cannot be unlocked",
    ],
    [
      "of a kind that clients do not know",
      async () => [(await generateKey({ type: "curve25519", userIDs: [{ name: "x" }], format: "armored" })).privateKey],
      "the signing key is of a kind that systemd's clients do not verify",
    ],
    [
      "expired",
      async () => [
        (
          await generateKey({
            type: "ecc",
            curve: "ed25519Legacy",
            userIDs: [{ name: "x" }],
            date: new Date("2020-01-01"),
            keyExpirationTime: 60,
            format: "armored",
          })
        ).privateKey,
      ],
      "the signing key cannot sign",
    ],
  ];
  it.each(cases)("%s", async (_, key, message) => {
    const [armored, passphrase] = await key();
    const error = await SigningKey.open(armored, passphrase).catch((reason: Error) => reason);
    expect(error).toMatchObject({ message, hint: expect.any(String) });
    const said = JSON.stringify([error, String(error), (error as Error).stack]);
    expect(said).not.toContain(passphrase ?? "never");
    const secret = armored.split("\n").find((line) => line.length === 64);
    if (secret !== undefined) expect(said).not.toContain(secret);
  });
});
