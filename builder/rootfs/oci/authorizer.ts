/**
 * Gets from a registry's token server what the registry wants to see.
 *
 * https://distribution.github.io/distribution/spec/auth/token/ and …/spec/auth/oauth/
 */
import * as v from "valibot";
import { UpstreamError } from "../../system/errors.ts";
import type { Http } from "../../system/http.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import type { Credential } from "./credentials.ts";
import { type ImageReference, isLoopback } from "./reference.ts";

/** What goes into the header `Authorization`. */
export interface Authorization {
  readonly header: string;
  /** It came by a mirror, and may go back to it. */
  readonly mirrorTrusted: boolean;
}

const answer = v.object({ token: v.nullish(v.string()), access_token: v.nullish(v.string()) });

/**
 * @returns undefined where the registry wants what we do not have
 * @throws RefusedError where the token server knows us and refuses
 */
export async function authorize(
  challengeHeader: string,
  reference: ImageReference,
  credential: Credential | undefined,
  { http, signal }: { http: Http; signal?: AbortSignal | undefined },
): Promise<Authorization | undefined> {
  const challenges = parseChallenges(challengeHeader);
  const bearer = challenges.find(({ scheme }) => scheme === "bearer");
  if (bearer !== undefined) {
    const header = `Bearer ${await token(bearer, reference, credential, http, signal)}`;
    return { header, mirrorTrusted: true };
  }
  const isBasic = challenges.some(({ scheme }) => scheme === "basic");
  if (!isBasic || credential?.kind !== "password") return undefined;
  return { header: basic(credential), mirrorTrusted: false };
}

async function token(
  { parameters }: Challenge,
  reference: ImageReference,
  credential: Credential | undefined,
  http: Http,
  signal: AbortSignal | undefined,
): Promise<string> {
  const realm = realmOf(parameters.realm, reference);
  const { service, scope = `repository:${reference.repository}:pull` } = parameters;
  const asked = { ...(service !== undefined && { service }), scope };

  const bytes =
    credential?.kind === "identity-token" && !http.isMirrored(realm.href)
      ? await http.submit(realm.href, refreshForm(credential.token, asked), signal)
      : await http
          .readBytes(
            withQuery(realm, asked),
            credential?.kind === "password" ? { authorization: basic(credential) } : {},
            {
              signal,
            },
          )
          .then((answered) => answered.bytes);
  const parsed = v.safeParse(answer, parseJson(bytes));
  const found = parsed.success ? parsed.output.token || parsed.output.access_token : undefined;
  // What is no token could begin another header.
  if (found && /^[\x21-\x7e]+$/.test(found)) return found;
  throw new UpstreamError("the registry's token server gives no token", { details: { url: realm.href } });
}

/** Where a password goes must be as safe as the registry itself. */
function realmOf(realm: string | undefined, { registry }: ImageReference): URL {
  const url = URL.parse(realm ?? "");
  const isSafe =
    url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.host) && isLoopback(registry));
  if (url !== null && isSafe && url.username === "" && url.password === "") return url;
  throw new UpstreamError("the registry names no token server with an https URL", {
    details: { registry, realm: url === null ? "none" : `${url.origin}${url.pathname}` },
  });
}

function withQuery(realm: URL, parameters: Readonly<Record<string, string>>): string {
  const url = new URL(realm);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

function refreshForm(refreshToken: string, parameters: Readonly<Record<string, string>>): URLSearchParams {
  const fields = { grant_type: "refresh_token", refresh_token: refreshToken, client_id: "sysext-bakery" };
  return new URLSearchParams({ ...fields, ...parameters });
}

function basic({ user, password }: { user: string; password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
