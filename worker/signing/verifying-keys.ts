/**
 * The public keys of a keyring, as WebCrypto has them: Ed25519 (EdDSALegacy) and RSA, of version 4. Those are the ones
 * that systemd's clients verify with.
 *
 * Names, certifications, expiry and revocation are not looked at: whoever deploys the bakery says which keys are good
 * by putting them into the ring.
 */
import { type Packet, Reader, readPackets, TAG } from "./packets.ts";

export interface VerifyingKey {
  /** SHA-1 of version 4 keys, in hex */
  readonly fingerprint: string;
  readonly algorithm: number;
  /** Seconds since 1970 */
  readonly createdAt: number;
  verify(hash: HashName, signed: Uint8Array, integers: Reader): Promise<boolean>;
}

export type HashName = "SHA-256" | "SHA-384" | "SHA-512";

/** RFC 9580 section 9.1 */
const RSA = 1;
const EDDSA_LEGACY = 22;
/** RFC 9580 section 9.2: the OID of Ed25519Legacy, with its length */
const ED25519_OID = [9, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];
/** RFC 9580 section 11.2.2: what stands before a point of it */
const NATIVE_POINT = 0x40;
const POINT_BYTES = 32;
/** Two of them are R and S, of which leading zeros are not written. */
const SCALAR_BYTES = 32;
const MIN_RSA_BYTES = 256;

/** @throws Error for what is no binary keyring of such keys */
export async function readKeyring(bytes: Uint8Array): Promise<VerifyingKey[]> {
  const packets = readPackets(bytes).filter(({ tag }) => tag === TAG.publicKey || tag === TAG.publicSubkey);
  if (packets.length === 0) throw new Error("has no public key");
  const keys = await Promise.all(packets.map(readKey));
  const usable = keys.filter((key) => key !== undefined);
  if (usable.length === 0) throw new Error("has no key that can verify: Ed25519 (EdDSALegacy) or RSA, of version 4");
  return usable;
}

/** Undefined for keys that are for something else, as the subkeys that encrypt. */
async function readKey({ tag, body }: Packet): Promise<VerifyingKey | undefined> {
  const reader = new Reader(body);
  const version = reader.number(1);
  if (version !== 4 && tag === TAG.publicKey)
    throw new Error(`has a key of version ${version}, which clients do not know`);
  const createdAt = reader.number(4);
  const algorithm = reader.number(1);
  const verify =
    algorithm === RSA ? await rsaVerifier(reader) : algorithm === EDDSA_LEGACY ? await edVerifier(reader) : undefined;
  if (version !== 4 || verify === undefined) return undefined;
  return { algorithm, createdAt, verify, fingerprint: await fingerprintOf(body) };
}

async function rsaVerifier(reader: Reader): Promise<VerifyingKey["verify"]> {
  const [n, e] = [reader.integer(), reader.integer()];
  if (n.length < MIN_RSA_BYTES) throw new Error("has an RSA key of less than 2048 bits");
  const jwk = { kty: "RSA", n: base64Url(n), e: base64Url(e) };
  return async (hash, signed, integers) => {
    const algorithm = { name: "RSASSA-PKCS1-v1_5", hash };
    const key = await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["verify"]);
    return crypto.subtle.verify(algorithm, key, padded(integers.integer(), n.length), signed);
  };
}

async function edVerifier(reader: Reader): Promise<VerifyingKey["verify"] | undefined> {
  const oid = reader.take(ED25519_OID.length);
  if (!ED25519_OID.every((byte, at) => oid[at] === byte)) return undefined;
  const point = reader.integer();
  if (point.length !== POINT_BYTES + 1 || point[0] !== NATIVE_POINT)
    throw new Error("has an Ed25519 key without its point");
  const key = await crypto.subtle.importKey("raw", point.slice(1), { name: "Ed25519" }, false, ["verify"]);
  return async (hash, signed, integers) => {
    const signature = new Uint8Array(2 * SCALAR_BYTES);
    signature.set(padded(integers.integer(), SCALAR_BYTES), 0);
    signature.set(padded(integers.integer(), SCALAR_BYTES), SCALAR_BYTES);
    // OpenPGP's EdDSA signs the hash.
    return crypto.subtle.verify({ name: "Ed25519" }, key, signature, await crypto.subtle.digest(hash, signed));
  };
}

/** RFC 9580 section 5.5.4.2 */
async function fingerprintOf(body: Uint8Array): Promise<string> {
  const hashed = new Uint8Array([0x99, body.length >> 8, body.length & 0xff, ...body]);
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-1", hashed)));
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function padded(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length > length) throw new Error("has a number that is too long");
  const all = new Uint8Array(length);
  all.set(bytes, length - bytes.length);
  return all;
}

function base64Url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
