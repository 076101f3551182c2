/**
 * Verifies detached OpenPGP signatures, so that the bakery refuses an index that its machines would refuse.
 *
 * Small and strict, and no library: those that can all of OpenPGP weigh more than twice as much as the whole worker.
 * Clients verify anyway, so that what is accepted here wrongly is refused there; and who publishes is known already.
 *
 * RFC 9580 section 5.2
 */
import { Reader, readPackets, TAG, unarmored } from "./packets.ts";
import { type HashName, hex, readKeyring, type VerifyingKey } from "./verifying-keys.ts";

/** RFC 9580 section 9.5; older ones are broken or hardly used */
const HASHES: Readonly<Record<number, HashName>> = { 8: "SHA-256", 9: "SHA-384", 10: "SHA-512" };
/** RFC 9580 section 5.2.1: of a binary document */
const BINARY_DOCUMENT = 0;
/** RFC 9580 section 5.2.3.7 */
const SUBPACKET = { createdAt: 2, expiresAfter: 3, issuer: 16, notation: 20, issuerFingerprint: 33 } as const;
const KNOWN_SUBPACKETS: readonly number[] = [...Object.values(SUBPACKET), 28];
const CRITICAL = 0x80;
/** So far the publisher's clock may be ahead. */
const CLOCK_SKEW_SECONDS = 300;

interface Signature {
  readonly algorithm: number;
  readonly hash: HashName;
  /** From the version to the end of the hashed subpackets */
  readonly hashed: Uint8Array;
  readonly subpackets: ReadonlyMap<number, Uint8Array>;
  readonly unhashed: ReadonlyMap<number, Uint8Array>;
  /** The first two bytes of the hash */
  readonly hint: Uint8Array;
  readonly integers: Reader;
}

export class SigningKeyring {
  /** Binary, as machines have it in /etc/systemd/import-pubring.gpg */
  readonly bytes: Uint8Array;
  readonly #keys: readonly VerifyingKey[];

  private constructor(bytes: Uint8Array, keys: readonly VerifyingKey[]) {
    this.bytes = bytes;
    this.#keys = keys;
  }

  /** @throws Error that says what is wrong with it */
  static async parse(base64: string): Promise<SigningKeyring> {
    const bytes = Uint8Array.from(atob(base64.replace(/\s/g, "")), (character) => character.charCodeAt(0));
    return new SigningKeyring(bytes, await readKeyring(bytes));
  }

  /** Whether it is one signature, by one of the keys, over exactly these bytes; false for whatever is malformed. */
  async verify(data: Uint8Array, signature: Uint8Array, now: number): Promise<boolean> {
    try {
      const [packet, ...more] = readPackets(unarmored(signature));
      if (packet?.tag !== TAG.signature || more.length > 0) return false;
      return await this.#verify(data, readSignature(packet.body), now);
    } catch {
      return false;
    }
  }

  async #verify(data: Uint8Array, signature: Signature, now: number): Promise<boolean> {
    const key = this.#keys.find((it) => it.algorithm === signature.algorithm && isIssuer(it, signature));
    if (key === undefined || !isInTime(signature, key, now / 1000)) return false;
    const { hash, hashed, hint, integers } = signature;
    // RFC 9580 section 5.2.4: the document, what is hashed of the signature, and how long that is
    const trailer = new Uint8Array([4, 0xff, ...numberBytes(hashed.length)]);
    const signed = concat(data, hashed, trailer);
    const digest = new Uint8Array(await crypto.subtle.digest(hash, signed));
    if (digest[0] !== hint[0] || digest[1] !== hint[1]) return false;
    return (await key.verify(hash, signed, integers)) && integers.left === 0;
  }
}

/** RFC 9580 section 5.2.3 */
function readSignature(body: Uint8Array): Signature {
  const reader = new Reader(body);
  const [version, type, algorithm, hashNumber] = reader.take(4);
  const hash = HASHES[hashNumber ?? 0];
  if (version !== 4 || type !== BINARY_DOCUMENT || algorithm === undefined || hash === undefined) {
    throw new Error("is a signature of another kind");
  }
  const hashedBytes = reader.take(reader.number(2));
  const hashed = body.subarray(0, 6 + hashedBytes.length);
  const subpackets = readSubpackets(hashedBytes);
  const unhashed = readSubpackets(reader.take(reader.number(2)));
  return { algorithm, hash, hashed, subpackets, unhashed, hint: reader.take(2), integers: reader };
}

function readSubpackets(bytes: Uint8Array): Map<number, Uint8Array> {
  const reader = new Reader(bytes);
  const subpackets = new Map<number, Uint8Array>();
  while (reader.left > 0) {
    const subpacket = new Reader(reader.take(reader.newLength()));
    const type = subpacket.number(1);
    const known = type & ~CRITICAL;
    if (type !== known && !KNOWN_SUBPACKETS.includes(known))
      throw new Error("has a critical subpacket that is not known");
    subpackets.set(known, subpacket.take(subpacket.left));
  }
  return subpackets;
}

function isIssuer({ fingerprint }: VerifyingKey, { subpackets, unhashed }: Signature): boolean {
  const full = subpackets.get(SUBPACKET.issuerFingerprint) ?? unhashed.get(SUBPACKET.issuerFingerprint);
  const short = subpackets.get(SUBPACKET.issuer) ?? unhashed.get(SUBPACKET.issuer);
  if (full !== undefined && hex(full) !== `04${fingerprint}`) return false;
  if (short !== undefined && hex(short) !== fingerprint.slice(-16)) return false;
  return full !== undefined || short !== undefined;
}

function isInTime({ subpackets }: Signature, key: VerifyingKey, now: number): boolean {
  const created = subpackets.get(SUBPACKET.createdAt);
  if (created?.length !== 4) return false;
  const createdAt = new Reader(created).number(4);
  const expires = subpackets.get(SUBPACKET.expiresAfter);
  const lifetime = expires === undefined ? 0 : new Reader(expires).number(4);
  if (createdAt < key.createdAt || createdAt > now + CLOCK_SKEW_SECONDS) return false;
  return lifetime === 0 || now < createdAt + lifetime;
}

function numberBytes(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
