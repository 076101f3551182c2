/** Who may publish, as the deployment says it. */
import { type Env, githubServerUrl, parseUrl, setting } from "../env.ts";
import { type PublisherRule, parsePublishers } from "./publishers.ts";
import { parseTokenHashes } from "./tokens.ts";

export interface AuthConfig {
  readonly publishers: readonly PublisherRule[];
  /** Where the tokens of pipelines come from, and whom they are for */
  readonly oidc: { readonly issuer: string; readonly audience: string } | undefined;
  readonly tokenHashes: readonly string[];
  /** In front of the runs of pipelines */
  readonly serverUrl: string;
}

const GITHUB_ISSUER = "https://token.actions.githubusercontent.com";
const LOOPBACK = /^http:\/\/(?:127\.0\.0\.1|localhost)(?::|$)/;

/**
 * @returns undefined where nobody may publish
 * @throws Error naming the variable
 */
export function parseAuthConfig(env: Env): AuthConfig | undefined {
  const publishers = setting(env.PUBLISHERS);
  const hashes = setting(env.PUBLISH_TOKEN_SHA256);
  if (publishers === undefined && hashes === undefined) return undefined;
  return {
    publishers: publishers === undefined ? [] : parsePublishers(publishers),
    oidc: publishers === undefined ? undefined : parseOidc(env),
    tokenHashes: hashes === undefined ? [] : parseTokenHashes(hashes),
    serverUrl: githubServerUrl(env),
  };
}

function parseOidc(env: Env): AuthConfig["oidc"] {
  const audience = parseUrl("BAKERY_URL", env.BAKERY_URL);
  if (audience === undefined) {
    throw new Error("the variable BAKERY_URL is missing: with PUBLISHERS it says for whom the tokens of pipelines are");
  }
  const issuer = parseUrl("OIDC_ISSUER", env.OIDC_ISSUER) ?? GITHUB_ISSUER;
  if (!issuer.startsWith("https://") && !LOOPBACK.test(issuer)) {
    throw new Error(`the variable OIDC_ISSUER is ${JSON.stringify(issuer)}, must be an https URL`);
  }
  return { issuer, audience };
}
