/**
 * Tokens of GitHub Actions: a pipeline shows what it is, by GitHub's signature, and no secret is kept anywhere.
 *
 * OpenID Connect Core 1.0; RFC 7519 (JWT); RFC 8725 (what to beware of)
 */
import { createRemoteJWKSet, customFetch, errors, type JWTPayload, jwtVerify } from "jose";
import type { Clock } from "../context.ts";
import { ApiProblem, UpstreamError } from "../errors.ts";
import { boundedBytes, type Fetch } from "../outgoing.ts";
import { unauthorized } from "./unauthorized.ts";

export interface OidcOptions {
  readonly issuer: string;
  /** The bakery's own address: a token for another one is worth nothing here */
  readonly audience: string;
  readonly now: Clock;
  readonly fetch: Fetch;
  /** Milliseconds, for the issuer's keys */
  readonly patience: number;
}

/** What a token says of the run that it was made for. */
export type RunClaims = Readonly<Record<(typeof RUN_CLAIMS)[number], string>> & { readonly environment?: string };

/** The one that GitHub signs with. What a token's header says is not asked: not for `none`, nor for a secret's. */
const ALGORITHMS = ["RS256"];
const MAX_TOKEN_LENGTH = 16 * 1024;
const MAX_KEYS_BYTES = 256 * 1024;
const CLOCK_TOLERANCE_SECONDS = 30;
/** GitHub's live for minutes; one that claims more is not taken. */
const MAX_AGE_SECONDS = 3_600;
const RUN_CLAIMS = [
  "repository",
  "repository_owner_id",
  "ref",
  "sha",
  "job_workflow_ref",
  "run_id",
  "run_attempt",
] as const;
/** Visible ASCII: what GitHub lets into names, and nothing that looks like something else or ends a line. */
const CLAIM = /^[\x21-\x7e]{1,512}$/;

export class OidcVerifier {
  readonly #options: OidcOptions;
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;

  constructor(options: OidcOptions) {
    const { issuer, patience } = options;
    this.#options = options;
    // Kept for ten minutes; a key that is not among them has them asked for again, every half minute at most.
    this.#keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks`), {
      timeoutDuration: patience,
      [customFetch]: (url, init) => this.#fetchKeys(new URL(url), init as RequestInit),
    });
  }

  /**
   * @throws ApiProblem 401 for a token that is not good
   * @throws UpstreamError where the issuer does not give its keys
   */
  async verify(token: string): Promise<RunClaims> {
    const { issuer, audience, now } = this.#options;
    if (token.length > MAX_TOKEN_LENGTH) throw unauthorized("the token is too long");
    try {
      const { payload } = await jwtVerify(token, this.#keys, {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        requiredClaims: ["exp", "iat"],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        maxTokenAge: MAX_AGE_SECONDS,
        currentDate: new Date(now()),
      });
      return runClaims(payload);
    } catch (error) {
      throw refusal(error);
    }
  }

  async #fetchKeys(url: URL, { signal }: RequestInit): Promise<Response> {
    try {
      const response = await this.#options.fetch(url, {
        headers: { accept: "application/json", "user-agent": "sysext-bakery" },
        redirect: "manual",
        ...(signal && { signal }),
      });
      if (response.status !== 200) throw new Error(`answers ${response.status}`);
      const text = new TextDecoder().decode(await boundedBytes(response, MAX_KEYS_BYTES));
      // What is no JSON is the issuer's fault, and not that of whoever brings a token.
      return Response.json(JSON.parse(text));
    } catch (cause) {
      throw new UpstreamError("OIDC issuer", "does not give its keys", { cause });
    }
  }
}

function runClaims(payload: JWTPayload): RunClaims {
  const claim = (name: string): string => {
    const value = payload[name];
    if (typeof value !== "string" || !CLAIM.test(value))
      throw unauthorized(`the token's ${name} is not as GitHub writes it`);
    return value;
  };
  return {
    ...(Object.fromEntries(RUN_CLAIMS.map((name) => [name, claim(name)])) as RunClaims),
    ...(payload.environment !== undefined && { environment: claim("environment") }),
  };
}

function refusal(error: unknown): Error {
  if (error instanceof ApiProblem || error instanceof UpstreamError) return error;
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) {
    return new UpstreamError("OIDC issuer", "does not give its keys", { cause: error });
  }
  if (error instanceof errors.JWTExpired) return unauthorized("the token has expired");
  if (error instanceof errors.JWTClaimValidationFailed)
    return unauthorized(`the token's ${error.claim} is not right here`);
  // Only what jose finds wrong with a token is the token's fault.
  return error instanceof errors.JOSEError ? unauthorized("the token is not one of the issuer's") : (error as Error);
}
