/**
 * The worker's tests run where there is no gpg: what they verify is on file, and here gpg says that it is what it is
 * called. To renew it: `UPDATE_FIXTURES=1 npm test -- test/builder/signing/fixtures.test.ts`.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { SigningKey } from "../../../builder/signing/signing-key.ts";
import { Gpg } from "../../support/gpg.ts";

const FILE = fileURLToPath(new URL("../../fixtures/signatures.json", import.meta.url));

interface SignatureFixtures {
  readonly text: string;
  /** Base64 of public keys, by whose they are */
  readonly keyrings: Readonly<Record<string, string>>;
  readonly signatures: readonly {
    readonly by: string;
    readonly made: string;
    readonly base64: string;
    readonly good: boolean;
  }[];
}

async function make(gpg: Gpg): Promise<SignatureFixtures> {
  const text = `${"a".repeat(64)}  k3s-v1.0-arm64.raw\n`;
  for (const name of ["ed", "rsa"]) await gpg.generate(name, name === "ed" ? "ed25519" : "rsa3072");
  const ours = await SigningKey.open(await SigningKey.generate({ name: "ours", email: "ours@example.org" }));
  const sign = async (by: string, of: string, ...how: string[]) => (await gpg.sign(by, of, ...how)).toString("base64");
  const good = (by: string, made: string, base64: string) => ({ by, made, base64, good: true });
  const bad = (by: string, made: string, base64: string) => ({ by, made, base64, good: false });
  const joined = Buffer.concat([
    await gpg.sign("ed", text, "--detach-sign"),
    await gpg.sign("rsa", text, "--detach-sign"),
  ]);
  return {
    text,
    keyrings: {
      ed: (await gpg.publicKeys("ed")).toString("base64"),
      rsa: (await gpg.publicKeys("rsa")).toString("base64"),
      "ed and rsa": (await gpg.publicKeys("ed", "rsa")).toString("base64"),
      ours: Buffer.from(ours.keyring.bytes).toString("base64"),
    },
    signatures: [
      good("ed", "binary", await sign("ed", text, "--detach-sign")),
      good("ed", "armored", await sign("ed", text, "--armor", "--detach-sign")),
      good("ed", "with SHA-256", await sign("ed", text, "--digest-algo", "SHA256", "--detach-sign")),
      good("rsa", "binary", await sign("rsa", text, "--detach-sign")),
      good(
        "rsa",
        "armored, with SHA-384",
        await sign("rsa", text, "--digest-algo", "SHA384", "--armor", "--detach-sign"),
      ),
      good("ed and rsa", "by the second key", await sign("rsa", text, "--detach-sign")),
      good("ours", "by ./bakery", await ours.sign(text)),
      bad("ed", "of an older text", await sign("ed", "older\n", "--detach-sign")),
      bad("ed", "by another key", await sign("rsa", text, "--detach-sign")),
      bad("ed", "clearsigned", await sign("ed", text, "--clearsign")),
      bad("ed", "two, of which one is by another key", joined.toString("base64")),
    ],
  };
}

it("gpg says of each signature on file what the file says", async () => {
  await using gpg = await Gpg.open();
  if (process.env.UPDATE_FIXTURES) await writeFile(FILE, `${JSON.stringify(await make(gpg), null, 2)}\n`);
  const { text, keyrings, signatures }: SignatureFixtures = JSON.parse(await readFile(FILE, "utf8"));
  expect(signatures.length).toBeGreaterThan(10);
  const bytes = (base64 = "") => Buffer.from(base64, "base64");
  for (const { by, made, base64, good } of signatures) {
    expect(await gpg.accepts(bytes(keyrings[by]), text, bytes(base64)), `${by}: ${made}`).toBe(good);
  }
}, 60_000);
