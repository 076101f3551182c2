/** The private key that signs indexes. It is here and nowhere else: no server of the bakery has it. */
import type { enums, PrivateKey } from "openpgp";
import { rootMessage, UserError } from "../system/errors.ts";
import { Keyring } from "./keyring.ts";
import { openpgp } from "./openpgp.ts";

export interface NewKey {
  readonly name: string;
  readonly email: string;
  readonly passphrase?: string | undefined;
  /** Default: never */
  readonly expiresInDays?: number | undefined;
}

/** What gpg, as the clients call it, verifies for certain: keys of version 4 with these algorithms. */
const ALGORITHMS: readonly (keyof typeof enums.publicKey)[] = ["eddsaLegacy", "rsaEncryptSign"];
const SECONDS_PER_DAY = 86_400;
/** The same text has the same signature, but for the time in it. */
const CONFIG = { nonDeterministicSignaturesViaNotation: false };

export class SigningKey {
  readonly #key: PrivateKey;

  private constructor(key: PrivateKey) {
    this.#key = key;
  }

  /**
   * @param armored an OpenPGP private key, as gpg exports it
   * @throws UserError that says what is wrong with it, and repeats nothing of it
   */
  static async open(armored: string, passphrase?: string): Promise<SigningKey> {
    const { enums, readPrivateKey } = await openpgp();
    const read = await readPrivateKey({ armoredKey: armored }).catch(() => {
      throw unusable("is no armored private key", "gpg --export-secret-keys --armor, or ./bakery keygen, writes one");
    });
    const key = await decrypted(read, passphrase);
    const signer = await key.getSigningKey().catch((error) => {
      throw unusable("cannot sign", rootMessage(error));
    });
    const { algorithm, version } = signer.keyPacket;
    if (version !== 4 || !ALGORITHMS.some((name) => enums.publicKey[name] === algorithm)) {
      throw unusable("is of a kind that systemd's clients do not verify", "./bakery keygen makes one that they do");
    }
    return new SigningKey(key);
  }

  /** The key that the environment has, in `BAKERY_SIGNING_KEY` and `BAKERY_SIGNING_PASSPHRASE`. */
  static async from(env: NodeJS.ProcessEnv): Promise<SigningKey | undefined> {
    const { BAKERY_SIGNING_KEY: armored, BAKERY_SIGNING_PASSPHRASE: passphrase } = env;
    return armored ? SigningKey.open(armored, passphrase) : undefined;
  }

  /** @returns the armored private key, locked with the passphrase if there is one */
  static async generate({ name, email, passphrase, expiresInDays }: NewKey): Promise<string> {
    const { generateKey } = await openpgp();
    const { privateKey } = await generateKey({
      type: "ecc",
      curve: "ed25519Legacy",
      userIDs: [{ name, email }],
      subkeys: [],
      format: "armored",
      ...(passphrase !== undefined && { passphrase }),
      ...(expiresInDays !== undefined && { keyExpirationTime: expiresInDays * SECONDS_PER_DAY }),
    });
    return privateKey;
  }

  get fingerprint(): string {
    return this.#key.getFingerprint().toUpperCase();
  }

  get keyring(): Keyring {
    return Keyring.of(this.#key);
  }

  /** @returns the detached signature, in base64 */
  async sign(text: string): Promise<string> {
    const { createMessage, sign } = await openpgp();
    const message = await createMessage({ binary: Buffer.from(text) });
    const signature = await sign({
      message,
      signingKeys: this.#key,
      detached: true,
      format: "binary",
      config: CONFIG,
    });
    return Buffer.from(signature).toString("base64");
  }
}

async function decrypted(key: PrivateKey, passphrase: string | undefined): Promise<PrivateKey> {
  if (key.isDecrypted()) return key;
  if (!passphrase) throw unusable("is locked", "set BAKERY_SIGNING_PASSPHRASE too");
  const { decryptKey } = await openpgp();
  return decryptKey({ privateKey: key, passphrase }).catch(() => {
    throw unusable("cannot be unlocked", "BAKERY_SIGNING_PASSPHRASE is another key's");
  });
}

function unusable(problem: string, hint: string): UserError {
  return new UserError(`the signing key ${problem}`, { hint });
}
