/** What transfer files say of the bakery that machines will ask, as the environment says it. */
import type { Hosting } from "../bake/release.ts";
import { DEFAULT_BAKERY_URL } from "./options.ts";

/** @param verify default: machines demand signatures where there is a key to make or check them with */
export function hostingOf(
  { BAKERY_URL, BAKERY_SIGNING_KEY, BAKERY_KEYRING }: NodeJS.ProcessEnv,
  verify?: boolean,
): Hosting {
  const isSigned = Boolean(BAKERY_SIGNING_KEY || BAKERY_KEYRING);
  return { bakeryUrl: BAKERY_URL || DEFAULT_BAKERY_URL, verify: verify ?? isSigned };
}
