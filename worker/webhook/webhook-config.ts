/** Who is told of publications, as the deployment says it. Its values are secret: no error repeats them. */
import { type Env, setting } from "../env.ts";

export interface WebhookConfig {
  readonly url: URL;
  /** Several while one takes the place of another: each signs */
  readonly secrets: readonly Uint8Array[];
}

const MAX_SECRETS = 4;
/** https://www.standardwebhooks.com: 24 to 64 bytes. */
const SECRET = /^whsec_(?<base64>[A-Za-z0-9+/]{32,86}={0,2})$/;
const [MIN_BYTES, MAX_BYTES] = [24, 64];
const LOOPBACK: readonly string[] = ["127.0.0.1", "localhost", "[::1]"];

/**
 * @returns undefined where nobody is told
 * @throws Error naming the variable
 */
export function parseWebhookConfig(env: Env): WebhookConfig | undefined {
  const url = setting(env.WEBHOOK_URL);
  const secret = setting(env.WEBHOOK_SECRET);
  if (url === undefined && secret === undefined) return undefined;
  if (url === undefined)
    throw new Error("the variable WEBHOOK_URL is missing: WEBHOOK_SECRET signs what is sent to it");
  if (secret === undefined)
    throw new Error("the secret WEBHOOK_SECRET is missing: nothing is sent to WEBHOOK_URL unsigned");
  return { url: parseReceiver(url), secrets: parseSecrets(secret) };
}

function parseReceiver(text: string): URL {
  const url = URL.parse(text);
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK.includes(url.hostname));
  if (url === null || !isSafe || url.username !== "" || url.password !== "" || url.hash !== "") {
    throw new Error("the variable WEBHOOK_URL must be an https URL without user name, password and fragment");
  }
  return url;
}

function parseSecrets(text: string): Uint8Array[] {
  const words = text.split(/[\s,]+/).filter(Boolean);
  const secrets = words.map(parseSecret).filter((secret) => secret !== undefined);
  if (secrets.length === words.length && secrets.length > 0 && secrets.length <= MAX_SECRETS) return secrets;
  throw new Error(
    `the secret WEBHOOK_SECRET must be 1 to ${MAX_SECRETS} of whsec_ and ${MIN_BYTES} to ${MAX_BYTES} bytes in base64`,
  );
}

function parseSecret(word: string): Uint8Array | undefined {
  const base64 = SECRET.exec(word)?.groups?.base64;
  if (base64 === undefined || base64.length % 4 !== 0) return undefined;
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return bytes.length >= MIN_BYTES && bytes.length <= MAX_BYTES ? bytes : undefined;
}
