/** Whether an index comes with the signatures that it needs. The worker holds no private key: it can only look. */
import { type IndexRequest, parseSha256Sums, seriesIndexes } from "../../schema/index.ts";
import { ApiProblem } from "../errors.ts";

/** Whether a detached signature is by a key of the bakery, over exactly these bytes. */
export type VerifySignature = (data: Uint8Array, signature: Uint8Array) => Promise<boolean>;

export interface SignatureRule {
  readonly verify: VerifySignature | undefined;
  /** Whether the index before is signed: machines demand signatures from then on */
  readonly isSigned: boolean;
  readonly hasSeries: boolean;
}

const HINT = "set BAKERY_SIGNING_KEY where you publish from, to a key of the bakery's keyring";

/** @throws ApiProblem 422 naming what is not signed, or not by a key of the bakery */
export async function checkSignatures(
  { text, signatures }: IndexRequest,
  { verify, isSigned, hasSeries }: SignatureRule,
): Promise<void> {
  const series = hasSeries && text !== "" ? seriesIndexes(parseSha256Sums(text)) : new Map<string, string>();
  for (const name of Object.keys(signatures.series ?? {})) {
    if (!series.has(name)) throw problem(`there is a signature for the series ${name}, which the index has not`);
  }
  const isRequired = isSigned || verify !== undefined || signatures.index !== undefined;
  // Nobody sees an empty index.
  if (text === "" || !isRequired) return;

  await checkSignature("the index", text, signatures.index, verify);
  for (const [name, of] of series) await checkSignature(`the index of ${name}`, of, signatures.series?.[name], verify);
}

/** @throws ApiProblem 422 naming what is not signed */
export async function checkSignature(
  what: string,
  text: string,
  signature: string | undefined,
  verify: VerifySignature | undefined,
): Promise<void> {
  if (signature === undefined) throw problem(`${what} is not signed`);
  const bytes = Uint8Array.from(atob(signature), (character) => character.charCodeAt(0));
  const isGood = verify === undefined || (await verify(new TextEncoder().encode(text), bytes));
  if (!isGood) throw problem(`${what} is not signed by a key of this bakery`);
}

function problem(message: string): ApiProblem {
  return new ApiProblem(422, "bad_signature", message, { hint: HINT });
}
