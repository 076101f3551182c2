/** Serves the public keys, for machines to verify indexes with. */
import { sha256Hex } from "../digest.ts";
import { memoryBody } from "../stores/memory-body.ts";
import type { Store } from "../stores/store.ts";
import { SigningKeyring } from "./detached-signature.ts";

/**
 * @param keyring base64; undefined where nothing is signed
 * @throws Error for a variable that has no keyring
 */
export function keyringStore(keyring: string | undefined): Store {
  return {
    async open(_at, request) {
      if (keyring === undefined) return undefined;
      const { bytes } = await parseSigningKeyring(keyring);
      return memoryBody({ bytes, sha256: await sha256Hex(bytes) }, "built-in", request);
    },
  };
}

/** @throws Error naming the variable */
export async function parseSigningKeyring(keyring: string): Promise<SigningKeyring> {
  try {
    return await SigningKeyring.parse(keyring);
  } catch (cause) {
    throw new Error("the variable SIGNING_KEYRING is no OpenPGP keyring in base64 (./bakery keygen prints one)", {
      cause,
    });
  }
}
