/** Signatures of Flatcar's images: detached ones, by a key whose fingerprint is pinned here. */
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import type { Key } from "openpgp";
import { openpgp } from "../../signing/openpgp.ts";
import { rootMessage, WrongContentError } from "../../system/errors.ts";

/** Where the key is had from. It signs by subkeys that are made anew each year. */
export const KEY_URL = "https://www.flatcar.org/security/image-signing-key/Flatcar_Image_Signing_Key.asc";
/** "Flatcar Buildbot (Official Builds)"; as in Flatcar's own installer. */
export const KEY_FINGERPRINT = "F88CFEDEFF29A5B4D9523864E25D9AED0593B34A";

/**
 * @param armored one or more keys
 * @throws WrongContentError if none of them is the pinned one
 */
export async function pinnedKey(armored: string, fingerprint: string): Promise<Key> {
  const { readKeys } = await openpgp();
  const keys = await readKeys({ armoredKeys: armored }).catch((cause: unknown) => {
    throw new WrongContentError("Flatcar's signing key is no OpenPGP key", {
      details: { url: KEY_URL, reason: rootMessage(cause) },
      cause,
    });
  });
  const found = keys.find((key) => key.getFingerprint().toUpperCase() === fingerprint);
  if (found !== undefined) return found;
  throw new WrongContentError("Flatcar's signing key is another one than it was", {
    details: {
      url: KEY_URL,
      expected: fingerprint,
      actual: keys.map((key) => key.getFingerprint().toUpperCase()).join(", "),
    },
    hint: "do not use what it signs; if Flatcar has announced a new key, this program has to be changed",
  });
}

/**
 * @param url of the file, for the error
 * @throws WrongContentError if it is not what was signed
 */
export async function verifyFile(path: string, signature: Uint8Array, key: Key, url: string): Promise<void> {
  const { createMessage, readSignature, verify } = await openpgp();
  try {
    const verified = await verify({
      message: await createMessage({ binary: Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array> }),
      signature: await readSignature({ binarySignature: signature }),
      verificationKeys: key,
      format: "binary",
    });
    // The verdict is there when all of it has passed by.
    const reader = (verified.data as ReadableStream<Uint8Array>).getReader();
    while (!(await reader.read()).done);
    const [only, ...more] = verified.signatures;
    if (only === undefined || more.length > 0) throw new Error("it is not one signature");
    await only.verified;
  } catch (cause) {
    throw new WrongContentError("a file of Flatcar's is not what Flatcar has signed", {
      details: { url, reason: rootMessage(cause) },
      hint: "try again; if it persists, do not use it",
      cause,
    });
  }
}
