/**
 * As much of OpenPGP's packets as a detached signature and the keys for it are made of. Strict: what is not understood
 * is an error, and nothing is read beyond its end.
 *
 * RFC 9580 (and RFC 4880, whose version 4 packets are the ones that clients know)
 */

export interface Packet {
  readonly tag: number;
  readonly body: Uint8Array;
}

/** RFC 9580 section 5 */
export const TAG = { signature: 2, publicKey: 6, userId: 13, publicSubkey: 14, userAttribute: 17 } as const;

/** Reads bytes in order. */
export class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  take(length: number): Uint8Array {
    if (length > this.left) throw new Error("ends in the middle of a packet");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** Big-endian, of 1 to 4 bytes. */
  number(length: number): number {
    return this.take(length).reduce((sum, byte) => sum * 256 + byte, 0);
  }

  /** RFC 9580 section 3.2: the length in bits, then the number */
  integer(): Uint8Array {
    return this.take(Math.ceil(this.number(2) / 8));
  }

  /** RFC 9580 section 4.2.1 */
  newLength(): number {
    const first = this.number(1);
    if (first < 192) return first;
    if (first < 224) return (first - 192) * 256 + this.number(1) + 192;
    if (first === 255) return this.number(4);
    throw new Error("has a packet of which the length is not known");
  }
}

/** RFC 9580 section 4.2 */
export function readPackets(bytes: Uint8Array): Packet[] {
  const reader = new Reader(bytes);
  const packets: Packet[] = [];
  while (reader.left > 0) {
    const header = reader.number(1);
    if ((header & 0x80) === 0) throw new Error("is no OpenPGP packet");
    if ((header & 0x40) !== 0) {
      packets.push({ tag: header & 0x3f, body: reader.take(reader.newLength()) });
      continue;
    }
    // RFC 9580 section 4.2.2: the length of the length is in the last two bits
    const lengthBytes = [1, 2, 4][header & 0x03];
    if (lengthBytes === undefined) throw new Error("has a packet of which the length is not known");
    packets.push({ tag: (header >> 2) & 0x0f, body: reader.take(reader.number(lengthBytes)) });
  }
  return packets;
}

const ARMOR =
  /^-----BEGIN PGP SIGNATURE-----\r?\n(?:[^\r\n]+: [^\r\n]*\r?\n)*[ \t]*\r?\n(?<base64>[A-Za-z0-9+/=\r\n]+?)(?:\r?\n=[A-Za-z0-9+/]{4})?\r?\n-----END PGP SIGNATURE-----\s*$/;

/** RFC 9580 section 6: the bytes in an armored signature; others are taken as they are. */
export function unarmored(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== "-".charCodeAt(0)) return bytes;
  const base64 = ARMOR.exec(new TextDecoder().decode(bytes))?.groups?.base64;
  if (base64 === undefined) throw new Error("is no armored signature");
  return Uint8Array.from(atob(base64.replace(/\s/g, "")), (character) => character.charCodeAt(0));
}
