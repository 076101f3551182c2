/** Public keys, by which signatures of indexes are known to be a bakery's. */
import type { Key } from "openpgp";
import { rootMessage, UserError } from "../system/errors.ts";
import { openpgp } from "./openpgp.ts";

const ARMOR = /^\s*-----BEGIN PGP /;

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
    const { createMessage, readSignature, verify } = await openpgp();
    try {
      const { signatures } = await verify({
        message: await createMessage({ binary: Buffer.from(text) }),
        signature: await readSignature({ binarySignature: Buffer.from(signature, "base64") }),
        verificationKeys: [...this.#keys],
      });
      const [only, ...more] = signatures;
      return only !== undefined && more.length === 0 && (await only.verified);
    } catch {
      return false;
    }
  }
}
