/** The keys that recipes name: pinned beside them, in `extensions/_keys/`, so that a new one shows in review. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Download, Signature, Verification } from "../../recipe/index.ts";
import { Keyring } from "../../signing/keyring.ts";
import { errorCode, UserError } from "../../system/errors.ts";

/** Fingerprints by name. */
export type Keys = Readonly<Record<string, readonly string[]>>;

const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** @param folder of the extension */
export async function keysOf(folder: string, downloads: readonly Download[]): Promise<Keys> {
  const names = new Set(downloads.flatMap(({ verify }) => signatureOf(verify)?.key ?? []));
  const read = async (name: string) => [name, (await readKey(folder, name)).fingerprints] as const;
  return Object.fromEntries(await Promise.all([...names].sort().map(read)));
}

/** @throws UserError for one that is not there, or that is no key */
export async function readKey(folder: string, name: string): Promise<Keyring> {
  if (!NAME.test(name)) throw new UserError(`no name of a key: ${JSON.stringify(name)}`);
  const path = join(folder, "..", "_keys", `${name}.asc`);
  const content = await readFile(path).catch((cause) => {
    if (errorCode(cause) !== "ENOENT") throw cause;
    throw new UserError(`there is no key ${name}, which the recipe verifies with`, {
      details: { file: path },
      hint: "put upstream's public key there, armored",
      cause,
    });
  });
  return Keyring.parse(content, path);
}

function signatureOf(verify: Verification): Signature | undefined {
  return "signature" in verify ? verify.signature : undefined;
}
