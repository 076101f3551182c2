/** What a mirror has beside extensions: the keyring that its machines want, and the definition that does nothing. */
import { KEYRINGS, NOOP_TRANSFER, publicPath } from "../../schema/index.ts";
import { Keyring } from "../signing/keyring.ts";
import { UserError } from "../system/errors.ts";
import type { Mirroring } from "./mirroring.ts";

/**
 * Puts the keys whose signatures the mirror has: those that its operator trusts, whatever the bakery hands out; where
 * nobody's are looked at, the bakery's. And our own.
 */
export async function mirrorKeyring(
  { bakery, folder, key, keyring }: Mirroring & { readonly keyring: Keyring | undefined },
  isNews: boolean,
): Promise<void> {
  const [first] = KEYRINGS.map(publicPath);
  if (keyring === undefined && !isNews) return;
  const published = keyring === undefined && first !== undefined ? await bakery.read(first) : undefined;
  const ring = keyring ?? (published && (await keyringOf(published)));
  const all = key === undefined ? ring : (ring?.with(key.keyring) ?? key.keyring);
  if (all === undefined) return;
  // The bakery's own file, if there is nothing to add.
  const bytes = published !== undefined && key === undefined ? published : all.bytes;
  for (const at of KEYRINGS) await folder.write(publicPath(at), bytes);
}

/** Undefined for a page that a server has where there is no keyring. */
async function keyringOf(bytes: Buffer): Promise<Keyring | undefined> {
  return Keyring.parse(bytes, "the bakery's").catch((error) => {
    if (!(error instanceof UserError)) throw error;
    return undefined;
  });
}

export async function mirrorNoop({ folder }: Mirroring, isNews: boolean): Promise<void> {
  if (isNews) await folder.write(publicPath({ release: "noop", file: "noop.conf" }), NOOP_TRANSFER);
}
