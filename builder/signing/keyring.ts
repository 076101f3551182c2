/** Public keys, by which signatures of indexes are known to be a bakery's. */
import type { Key, PartialConfig } from "openpgp";
import { rootMessage, UserError } from "../system/errors.ts";
import { openpgp } from "./openpgp.ts";

const ARMOR = /^\s*-----BEGIN PGP /;

/** When a detached signature says it was made, in milliseconds; undefined for what is none. Who made it is not asked. */
export async function signedAt(signature: Uint8Array): Promise<number | undefined> {
  const { readSignature } = await openpgp();
  const read = await readSignature({ binarySignature: signature }).catch(() => undefined);
  return read?.packets[0]?.created?.getTime();
}

export class Keyring {
  readonly #keys: readonly Key[];

  private constructor(keys: readonly Key[]) {
    this.#keys = keys;
  }

  /**
   * @param content one or more public keys, binary or armored
   * @param what whose they are, for the error
   * @throws UserError for what is no keyring, and for one that has a secret in it
   */
  static async parse(content: Uint8Array, what: string): Promise<Keyring> {
    const text = Buffer.from(content).toString("latin1");
    const { readKeys } = await openpgp();
    let keys: Key[];
    try {
      keys = ARMOR.test(text) ? await readKeys({ armoredKeys: text }) : await readKeys({ binaryKeys: content });
    } catch (cause) {
      throw new UserError(`no OpenPGP keyring: ${what}`, { details: { reason: rootMessage(cause) }, cause });
    }
    if (keys.length === 0) throw new UserError(`no key in the keyring: ${what}`);
    if (keys.some((key) => key.isPrivate())) throw new UserError(`a private key is in the keyring: ${what}`);
    return new Keyring(keys);
  }

  static of(...keys: readonly Key[]): Keyring {
    return new Keyring(keys.map((key) => key.toPublic()));
  }

  /** This one's keys and those of others, each once. */
  with(...others: readonly Keyring[]): Keyring {
    const all = [this, ...others].flatMap((ring) => ring.#keys);
    return new Keyring([...new Map(all.map((key) => [key.getFingerprint(), key])).values()]);
  }

  get fingerprints(): string[] {
    return this.#keys.map((key) => key.getFingerprint().toUpperCase());
  }

  /** As clients want it in `/etc/systemd/import-pubring.gpg`: binary. */
  get bytes(): Uint8Array {
    return Buffer.concat(this.#keys.map((key) => key.toPublic().write()));
  }

  /** Whether it is exactly one signature, by a key of this ring, over exactly this text. */
  async verify(text: string, signature: string): Promise<boolean> {
    const verified = await this.#verify(Buffer.from(text), Buffer.from(signature, "base64"));
    return verified.length === 1 && verified.every((one) => one);
  }

  /**
   * Whether a detached signature, binary or armored, has one by a key of this ring over exactly these bytes. It counts if
   * it was made while the key was good, as gpg has it: what was released then stays released when the key expires.
   */
  async vouches(content: Uint8Array | ReadableStream<Uint8Array>, signature: Uint8Array): Promise<boolean> {
    // Whoever makes a key good for longer signs it anew, and what was signed before that is older than the key seems.
    const config = { allowInsecureVerificationWithReformattedKeys: true };
    return (await this.#verify(content, signature, config)).includes(true);
  }

  /** Each signature that there is: whether it holds. None at all for what is no signature. */
  async #verify(
    content: Uint8Array | ReadableStream<Uint8Array>,
    signature: Uint8Array,
    config: PartialConfig = {},
  ): Promise<boolean[]> {
    const { createMessage, readSignature, verify } = await openpgp();
    const armored = Buffer.from(signature).toString("latin1");
    try {
      const { data, signatures } = await verify({
        message: await createMessage({ binary: content }),
        signature: ARMOR.test(armored)
          ? await readSignature({ armoredSignature: armored })
          : await readSignature({ binarySignature: signature }),
        verificationKeys: [...this.#keys],
        format: "binary",
        config,
      });
      // What arrives as a stream is hashed as it is read; by its method, for the library replaces these and no others.
      if (data instanceof ReadableStream) for await (const _ of data.values());
      return await Promise.all(signatures.map(({ verified }) => verified.catch(() => false)));
    } catch {
      return [];
    }
  }
}
