/** Finds out who wants to publish, and what they may do. Closed where nobody is let in. */
import type { Publisher } from "../../schema/index.ts";
import { ApiProblem } from "../errors.ts";
import type { AuthConfig } from "./auth-config.ts";
import { type OidcOptions, OidcVerifier, type RunClaims } from "./oidc.ts";
import { allows, CLAIMS, matches, type PublisherRule, type Right } from "./publishers.ts";
import { knownToken } from "./tokens.ts";
import { unauthorized } from "./unauthorized.ts";

/** Somebody who has shown who they are. */
export interface Principal {
  readonly publisher: Publisher;
  /** @throws ApiProblem 403 */
  demand(right: Right, extension: string): void;
}

/** Digits of a token's hash that tell which one it was. */
const TOKEN_NAME_LENGTH = 16;
/** RFC 7515 section 7.1; RFC 6750 section 2.1 has what other tokens are made of. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]*$/;
const BEARER = /^Bearer +(?<token>[A-Za-z0-9\-._~+/]+=*)$/i;

export class Authenticator {
  readonly #config: AuthConfig;
  readonly #oidc: OidcVerifier | undefined;

  constructor(config: AuthConfig, options: Pick<OidcOptions, "now" | "fetch" | "patience">) {
    this.#config = config;
    this.#oidc = config.oidc && new OidcVerifier({ ...config.oidc, ...options });
  }

  /** @throws ApiProblem 401 or 403; UpstreamError where the issuer's keys cannot be had */
  async authenticate(headers: Headers): Promise<Principal> {
    const authorization = headers.get("authorization");
    if (authorization === null) throw unauthorized("nobody may do this without a token");
    const token = BEARER.exec(authorization)?.groups?.token;
    if (token === undefined) throw unauthorized("Authorization is not Bearer and one token");

    const known = await knownToken(token, this.#config.tokenHashes);
    if (known !== undefined) {
      return { publisher: { kind: "token", token: known.slice(0, TOKEN_NAME_LENGTH) }, demand: () => {} };
    }
    if (this.#oidc === undefined || !JWT.test(token)) throw unauthorized("the token is not known here");
    return this.#pipeline(await this.#oidc.verify(token));
  }

  #pipeline(claims: RunClaims): Principal {
    const rules = this.#config.publishers.filter((rule) => matches(rule, claims));
    const who = CLAIMS.map((name) => `${name}=${claims[name] ?? ""}`).join(" ");
    const hint = "a line of PUBLISHERS says which pipelines may do what, with which extensions";
    if (rules.length === 0) throw new ApiProblem(403, "forbidden", `${who} may not publish here`, { hint });
    return {
      publisher: publisherOf(claims, this.#config.serverUrl),
      demand(right, extension) {
        if (rules.some((rule: PublisherRule) => allows(rule, right, extension))) return;
        throw new ApiProblem(403, "forbidden", `${claims.repository} may not ${right} ${extension} here`, { hint });
      },
    };
  }
}

function publisherOf(claims: RunClaims, serverUrl: string): Publisher {
  const { repository, repository_owner_id, ref, sha, job_workflow_ref, run_id, run_attempt, environment } = claims;
  return {
    kind: "github-actions",
    repository,
    repositoryOwnerId: repository_owner_id,
    ref,
    commit: sha,
    workflow: job_workflow_ref,
    ...(environment !== undefined && { environment }),
    run: `${serverUrl}/${repository}/actions/runs/${run_id}/attempts/${run_attempt}`,
  };
}
