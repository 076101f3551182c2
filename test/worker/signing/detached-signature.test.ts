/** Signatures of gpg's and of ours, as the worker sees them: in the end as gpg does (test/builder/signing). */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SigningKeyring } from "../../../worker/signing/detached-signature.ts";
import fixtures from "../../fixtures/signatures.json";

const { text, keyrings, signatures } = fixtures;
const data = new TextEncoder().encode(text);
const NOW = Date.parse("2030-01-01T00:00:00Z");
const good = signatures.filter((signature) => signature.good);

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function ringOf(by: string): Promise<SigningKeyring> {
  return SigningKeyring.parse(keyrings[by as keyof typeof keyrings]);
}

test.each(signatures)("$by, $made: $good", async ({ by, base64, good: isGood }) => {
  const ring = await ringOf(by);
  expect(await ring.verify(data, bytesOf(base64), NOW)).toBe(isGood);
  expect(await ring.verify(new TextEncoder().encode(`${text} `), bytesOf(base64), NOW)).toBe(false);
});

test("a signature from the future is none", async () => {
  const [{ by, base64 }] = good as [(typeof good)[number]];
  expect(await (await ringOf(by)).verify(data, bytesOf(base64), Date.parse("2020-01-01T00:00:00Z"))).toBe(false);
});

test.each(good)("$by, $made: cut off anywhere it is none", async ({ by, base64 }) => {
  const ring = await ringOf(by);
  const signature = bytesOf(base64);
  // What follows the armor's last line is not looked at.
  const end = signature[0] === 45 ? signature.length - 1 : signature.length;
  for (let length = 0; length < end; length += 1) {
    expect(await ring.verify(data, signature.subarray(0, length), NOW), `${length} bytes`).toBe(false);
  }
});

// Of what is not hashed, a signature says the same: who signed it, which the key decides.
test.each(good.filter(({ made }) => !made.startsWith("armored")))(
  "$by, $made: with any hashed byte changed it is none",
  async ({ by, base64 }) => {
    const ring = await ringOf(by);
    const signature = bytesOf(base64);
    // RFC 9580 section 4.2: of 0x89 the length has two bytes, of others here one
    const body = signature[0] === 0x89 ? 3 : 2;
    const hashedEnd = body + 6 + ((signature[body + 4] ?? 0) << 8) + (signature[body + 5] ?? 0);
    for (let at = body; at < Math.min(hashedEnd, signature.length); at += 1) {
      expect(await ring.verify(data, signature.with(at, (signature[at] ?? 0) ^ 1), NOW), `byte ${at}`).toBe(false);
    }
    for (let at = signature.length - 60; at < signature.length; at += 1) {
      expect(await ring.verify(data, signature.with(at, (signature[at] ?? 0) ^ 4), NOW), `byte ${at}`).toBe(false);
    }
  },
);

describe("whatever comes", () => {
  test("is no signature, and harms nothing", async () => {
    const ring = await ringOf("ed and rsa");
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (bytes) => {
        expect(await ring.verify(data, bytes, NOW)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  test("as a keyring is one or an error", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.values(keyrings)), fc.nat(), fc.nat(255), async (ring, at, byte) => {
        const bytes = bytesOf(ring);
        bytes[at % bytes.length] = byte;
        const base64 = btoa(String.fromCharCode(...bytes));
        await SigningKeyring.parse(base64).catch((error) => expect(error).toBeInstanceOf(Error));
      }),
      { numRuns: 1_000 },
    );
  });

  test.each(["", "AAAA", "rubbish!", keyrings.ed.slice(0, 40)])("%j is no keyring", async (base64) => {
    await expect(SigningKeyring.parse(base64)).rejects.toThrow();
  });
});
