/** Tokens of a run of GitHub Actions, for bakeries and runs on this machine: both are told a mirror's address. */
import { OidcIssuer } from "../worker/support/oidc-issuer.ts";
import type { Host } from "./upstreams/host.ts";

const ISSUER = "token.actions.githubusercontent.com";
const RUNNER = "runner.example";
const SECRET = "of-the-run";

export interface ActionsTokens {
  /** For the mirror: who has the keys, and who gives tokens to a run */
  readonly hosts: Readonly<Record<string, Host>>;
  /** Of a bakery that knows the run's tokens and no other */
  varsOf(bakeryUrl: string, mirrorUrl: string): Record<string, string>;
  /** Of a job that may ask for tokens */
  envOf(mirrorUrl: string): Record<string, string>;
}

/** @param mirrorUrl asked for when a token is: tokens name their issuer */
export async function actionsTokens(mirrorUrl: () => string): Promise<ActionsTokens> {
  const issuer = await OidcIssuer.open();
  return {
    hosts: {
      [ISSUER]: ({ url }) => issuer.fetch(new URL(url)),
      // Who asks with the run's own secret gets a token for the audience that it names.
      [RUNNER]: async ({ url, headers }) => {
        if (headers.get("authorization") !== `Bearer ${SECRET}`) return new Response("no", { status: 401 });
        const aud = new URL(url).searchParams.get("audience");
        return Response.json({ value: await issuer.token({ aud, iss: `${mirrorUrl()}/${ISSUER}` }) });
      },
    },
    varsOf: (bakeryUrl, mirror) => ({
      BAKERY_URL: bakeryUrl,
      OIDC_ISSUER: `${mirror}/${ISSUER}`,
      PUBLISHERS:
        "repository=acme/bakery repository_owner_id=1234 ref=refs/heads/main environment=release extensions=*",
    }),
    envOf: (mirror) => ({
      ACTIONS_ID_TOKEN_REQUEST_URL: `${mirror}/${RUNNER}/token?run=42`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: SECRET,
    }),
  };
}
