/** Tokens that stand for themselves. The bakery knows their hashes, and so cannot tell them to anybody. */
import { isSha256 } from "../../schema/index.ts";
import { toHex } from "../digest.ts";

/** More than one, so that one can take the place of another. */
const MAX_TOKENS = 8;

/**
 * @param text sha256 sums, separated by blanks or commas
 * @throws Error that does not repeat them
 */
export function parseTokenHashes(text: string): string[] {
  const hashes = text.split(/[\s,]+/).filter(Boolean);
  if (hashes.length === 0 || hashes.length > MAX_TOKENS || !hashes.every(isSha256)) {
    throw new Error(
      `the secret PUBLISH_TOKEN_SHA256 must be 1 to ${MAX_TOKENS} sha256 sums of tokens, in lower-case hex`,
    );
  }
  return hashes;
}

/**
 * Which of the known tokens this is. Takes as long whether it is one or none: the hashes are of one length, and all
 * of them are compared.
 */
export async function knownToken(token: string, hashes: readonly string[]): Promise<string | undefined> {
  const encoder = new TextEncoder();
  const presented = encoder.encode(toHex(await crypto.subtle.digest("SHA-256", encoder.encode(token))));
  let known: string | undefined;
  for (const hash of hashes) {
    if (crypto.subtle.timingSafeEqual(presented, encoder.encode(hash))) known = hash;
  }
  return known;
}
