/** Who we are to a bakery: a token that stands for itself, or one that GitHub Actions makes for this run. */
import { rootMessage, UpstreamError, UsageError } from "../system/errors.ts";

export interface Credentials {
  /**
   * A token that is good now.
   * @param renew the one before was refused
   */
  token(renew?: boolean): Promise<string>;
}

/** GitHub's are good for some minutes; what takes longer gets another one. */
const RENEW_AFTER_MS = 180_000;
const PATIENCE_MS = 30_000;

/**
 * @param audience the bakery's address
 * @throws UsageError where there is neither
 */
export function credentialsFrom(env: NodeJS.ProcessEnv, audience: string): Credentials {
  const { BAKERY_TOKEN: token, ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret } = env;
  if (token) return { token: async () => token };
  if (url && secret) return new RunCredentials(url, secret, audience);
  const hint = "set BAKERY_TOKEN; in GitHub Actions give the job `permissions: id-token: write` instead";
  throw new UsageError(`no token for ${audience}`, { hint });
}

/** https://docs.github.com/en/actions/reference/security/oidc */
class RunCredentials implements Credentials {
  readonly #url: string;
  readonly #secret: string;
  readonly #audience: string;
  #known: { readonly token: string; readonly at: number } | undefined;

  constructor(url: string, secret: string, audience: string) {
    this.#url = url;
    this.#secret = secret;
    this.#audience = audience;
  }

  async token(renew = false): Promise<string> {
    const known = this.#known;
    if (!renew && known !== undefined && performance.now() - known.at < RENEW_AFTER_MS) return known.token;
    const token = await this.#request();
    this.#known = { token, at: performance.now() };
    return token;
  }

  async #request(): Promise<string> {
    const url = new URL(this.#url);
    url.searchParams.set("audience", this.#audience);
    try {
      const headers = { authorization: `Bearer ${this.#secret}`, accept: "application/json" };
      const response = await fetch(url, { headers, redirect: "error", signal: AbortSignal.timeout(PATIENCE_MS) });
      if (!response.ok) throw new Error(`it answers ${response.status}`);
      const { value } = (await response.json()) as { value?: unknown };
      if (typeof value !== "string") throw new Error("its answer has no token");
      return value;
    } catch (cause) {
      const details = { server: url.origin, reason: rootMessage(cause) };
      throw new UpstreamError("GitHub Actions gives no token for this run", { details, cause });
    }
  }
}
