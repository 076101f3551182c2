/** An issuer of tokens, as GitHub Actions has one: its keys, and tokens that say whatever a test wants. */
import { exportJWK, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT } from "jose";

export const ISSUER = "https://token.actions.githubusercontent.com";
export const AUDIENCE = "https://bakery.example";
const JWKS_URL = `${ISSUER}/.well-known/jwks`;

type Key = Awaited<ReturnType<typeof generateKeyPair>>;

/** What GitHub says of a run of the workflow that may publish. */
export const CLAIMS = {
  repository: "acme/bakery",
  repository_owner_id: "1234",
  ref: "refs/heads/main",
  sha: "d".repeat(40),
  job_workflow_ref: "acme/bakery/.github/workflows/release.yml@refs/heads/main",
  environment: "release",
  run_id: "42",
  run_attempt: "1",
} as const;

export class OidcIssuer {
  /** How often its keys were asked for */
  asked = 0;
  /** What it answers instead of its keys */
  fault: (() => Response) | undefined;
  readonly hosts: string[] = [];
  #keys = new Map<string, Key>();
  #current = "";

  static async open(): Promise<OidcIssuer> {
    const issuer = new OidcIssuer();
    await issuer.rotate("first");
    return issuer;
  }

  /** From now on another key signs, and only that is given out. */
  async rotate(kid: string): Promise<void> {
    this.#keys = new Map([[kid, await generateKeyPair("RS256", { extractable: true })]]);
    this.#current = kid;
  }

  get key(): Key {
    const key = this.#keys.get(this.#current);
    if (key === undefined) throw new Error("the issuer has no key");
    return key;
  }

  get kid(): string {
    return this.#current;
  }

  readonly fetch = async (url: URL): Promise<Response> => {
    this.hosts.push(url.host);
    if (url.href !== JWKS_URL) return new Response(null, { status: 404 });
    this.asked += 1;
    if (this.fault !== undefined) return this.fault();
    const keys = [...this.#keys].map(async ([kid, { publicKey }]) => ({
      ...(await exportJWK(publicKey)),
      kid,
      use: "sig",
    }));
    return Response.json({ keys: await Promise.all(keys) });
  };

  /**
   * @param claims beside those of the run; undefined takes one out
   * @param header beside algorithm and key
   */
  async token(
    claims: Readonly<Record<string, unknown>> = {},
    { header = {}, key = this.key.privateKey, at = Date.now() }: TokenOptions = {},
  ): Promise<string> {
    const now = Math.floor(at / 1000);
    const usual = { ...CLAIMS, iss: ISSUER, aud: AUDIENCE, iat: now, nbf: now - 5, exp: now + 300, jti: "x" };
    const all = Object.fromEntries(Object.entries({ ...usual, ...claims }).filter(([, value]) => value !== undefined));
    const headers = { alg: "RS256", kid: this.#current, typ: "JWT", ...header } as JWTHeaderParameters;
    return new SignJWT(all as JWTPayload).setProtectedHeader(headers).sign(key);
  }
}

export interface TokenOptions {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: Parameters<SignJWT["sign"]>[0];
  /** Milliseconds */
  readonly at?: number;
}
