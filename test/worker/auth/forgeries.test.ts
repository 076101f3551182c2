/** Everything that can be forged, and what a bakery answers to it. */
import { exportJWK, exportSPKI, generateKeyPair } from "jose";
import { beforeEach, describe, expect, test } from "vitest";
import { parseReleaseManifest } from "../../../schema/index.ts";
import { AUDIENCE, CLAIMS, ISSUER, OidcIssuer } from "../support/oidc-issuer.ts";
import { PublishingBakery, TOKEN, testRelease } from "../support/publishing.ts";
import { emptyStorage } from "../support/storage.ts";

const { repository, repository_owner_id, ref, environment, job_workflow_ref } = CLAIMS;
const RULE = `repository=${repository} repository_owner_id=${repository_owner_id}`;
const PUBLISHERS = `
# the bakery's own pipeline
${RULE} ref=${ref} environment=${environment} job_workflow_ref=${job_workflow_ref} extensions=k3s,cri-*
${RULE} ref=refs/heads/maintenance extensions=* may=publish,maintain   # by hand
`;

let issuer: OidcIssuer;
let bakery: PublishingBakery;

beforeEach(async () => {
  await emptyStorage();
  issuer = await OidcIssuer.open();
  bakery = await PublishingBakery.open({ PUBLISHERS, BAKERY_URL: AUDIENCE }, { fetch: issuer.fetch });
});

/** Asks for what any publisher of the extension may ask for. */
async function present(token: string, extension = "k3s", method = "GET", path = "index") {
  const headers = { authorization: `Bearer ${token}` };
  const { status, body } = await bakery.ask(method, `${extension}/${path}`, { headers });
  return { status, message: body?.error?.message };
}

const base64Url = (value: object) =>
  btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

type Forge = (issuer: OidcIssuer) => Promise<string>;
const NOT_ISSUERS = "the token is not one of the issuer's";
const SECOND = 1000;

const FORGERIES: Record<string, [Forge, string]> = {
  "alg none": [
    async () => `${base64Url({ alg: "none" })}.${base64Url({ ...CLAIMS, iss: ISSUER, aud: AUDIENCE })}.`,
    NOT_ISSUERS,
  ],
  "HS256 with the public key as PEM": [
    async (of) =>
      of.token({}, { header: { alg: "HS256" }, key: new TextEncoder().encode(await exportSPKI(of.key.publicKey)) }),
    NOT_ISSUERS,
  ],
  "HS256 with the public key as JWK": [
    async (of) =>
      of.token(
        {},
        { header: { alg: "HS256" }, key: new TextEncoder().encode(JSON.stringify(await exportJWK(of.key.publicKey))) },
      ),
    NOT_ISSUERS,
  ],
  "RS512 with another key": [
    async (of) => of.token({}, { header: { alg: "RS512" }, key: (await generateKeyPair("RS512")).privateKey }),
    NOT_ISSUERS,
  ],
  "ES256 with another key": [
    async (of) => of.token({}, { header: { alg: "ES256" }, key: (await generateKeyPair("ES256")).privateKey }),
    NOT_ISSUERS,
  ],
  "another key under the issuer's kid": [
    async (of) => of.token({}, { key: (await generateKeyPair("RS256")).privateKey }),
    NOT_ISSUERS,
  ],
  "a kid that nobody has": [async (of) => of.token({}, { header: { kid: "unheard-of" } }), NOT_ISSUERS],
  "a key of its own in the header": [
    async (of) => {
      const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
      return of.token({}, { header: { jwk: await exportJWK(publicKey), kid: "own" }, key: privateKey });
    },
    NOT_ISSUERS,
  ],
  "keys elsewhere, by jku": [
    async (of) =>
      of.token(
        {},
        { header: { jku: "https://evil.example/jwks", kid: "evil" }, key: (await generateKeyPair("RS256")).privateKey },
      ),
    NOT_ISSUERS,
  ],
  "a critical header that nobody knows": [
    async (of) => (await of.token()).replace(/^[^.]+/, base64Url({ alg: "RS256", kid: of.kid, crit: ["x"], x: 1 })),
    NOT_ISSUERS,
  ],
  "another payload": [
    async (of) =>
      (await of.token()).replace(
        /\.[^.]+\./,
        `.${base64Url({ ...CLAIMS, iss: ISSUER, aud: AUDIENCE, iat: 1, exp: 9e9 })}.`,
      ),
    NOT_ISSUERS,
  ],
  "a signature cut off": [async (of) => (await of.token()).slice(0, -10), NOT_ISSUERS],
  "no signature": [async (of) => (await of.token()).replace(/[^.]+$/, ""), NOT_ISSUERS],
  "the signature of another token": [
    async (of) => `${(await of.token()).replace(/[^.]+$/, "")}${(await of.token({ jti: "y" })).split(".")[2]}`,
    NOT_ISSUERS,
  ],
  "a payload that is no JSON": [async (of) => (await of.token()).replace(/\.[^.]+\./, ".AAAA."), NOT_ISSUERS],
  "another issuer": [async (of) => of.token({ iss: "https://evil.example" }), "the token's iss is not right here"],
  "an issuer with a slash more": [async (of) => of.token({ iss: `${ISSUER}/` }), "the token's iss is not right here"],
  "an issuer that goes on": [
    async (of) => of.token({ iss: `${ISSUER}.evil.example` }),
    "the token's iss is not right here",
  ],
  "no issuer": [async (of) => of.token({ iss: undefined }), "the token's iss is not right here"],
  "another audience": [async (of) => of.token({ aud: "https://other.example" }), "the token's aud is not right here"],
  "no audience": [async (of) => of.token({ aud: undefined }), "the token's aud is not right here"],
  "an audience that goes on": [
    async (of) => of.token({ aud: `${AUDIENCE}.evil.example` }),
    "the token's aud is not right here",
  ],
  "no end": [async (of) => of.token({ exp: undefined }), "the token's exp is not right here"],
  "no beginning": [async (of) => of.token({ iat: undefined }), "the token's iat is not right here"],
  "an end that is no number": [async (of) => of.token({ exp: "9999999999" }), "the token's exp is not right here"],
  "its end a minute ago": [async (of) => of.token({}, { at: Date.now() - 361 * SECOND }), "the token has expired"],
  "a validity of years, made two hours ago": [
    async (of) => of.token({ exp: 9e9 }, { at: Date.now() - 7200 * SECOND }),
    "the token has expired",
  ],
  "a beginning in the future": [
    async (of) => of.token({ nbf: Date.now() / SECOND + 120 }),
    "the token's nbf is not right here",
  ],
  "made in the future": [
    async (of) => of.token({ iat: Date.now() / SECOND + 120 }),
    "the token's iat is not right here",
  ],
  "a repository with a line feed": [
    async (of) => of.token({ repository: `${repository}\n` }),
    "the token's repository is not as GitHub writes it",
  ],
  "a repository with a blank": [
    async (of) => of.token({ repository: ` ${repository}` }),
    "the token's repository is not as GitHub writes it",
  ],
  "a repository with a letter that looks the same": [
    async (of) => of.token({ repository: "аcme/bakery" }),
    "the token's repository is not as GitHub writes it",
  ],
  "a repository that is a list": [
    async (of) => of.token({ repository: [repository] }),
    "the token's repository is not as GitHub writes it",
  ],
  "an owner that is a number": [
    async (of) => of.token({ repository_owner_id: 1234 }),
    "the token's repository_owner_id is not as GitHub writes it",
  ],
  "no ref": [async (of) => of.token({ ref: undefined }), "the token's ref is not as GitHub writes it"],
  "an environment that is null": [
    async (of) => of.token({ environment: null }),
    "the token's environment is not as GitHub writes it",
  ],
  "twenty thousand characters": [async (of) => of.token({ padding: "x".repeat(20_000) }), "the token is too long"],
};

const STRANGERS: Record<string, Record<string, unknown>> = {
  "another repository": { repository: "evil/bakery" },
  "a repository of another case": { repository: "Acme/bakery" },
  "a repository whose name goes on": { repository: "acme/bakery-fork" },
  "the repository's name, given up and taken by another owner": { repository_owner_id: "666" },
  "a fork's pull request": { ref: "refs/pull/7/merge", environment: undefined },
  "another branch": { ref: "refs/heads/feature" },
  "a branch whose name goes on": { ref: "refs/heads/main2" },
  "a tag with the branch's name": { ref: "refs/tags/main" },
  "another workflow": { job_workflow_ref: "acme/bakery/.github/workflows/test.yml@refs/heads/main" },
  "the workflow of another branch": { job_workflow_ref: job_workflow_ref.replace("main", "feature") },
  "another environment": { environment: "staging" },
  "no environment": { environment: undefined },
};

describe("a token of GitHub Actions", () => {
  test("of the pipeline that may publish is good (control)", async () => {
    expect(await present(await issuer.token())).toMatchObject({ status: 200 });
    expect(await present(await issuer.token({ aud: [AUDIENCE] }))).toMatchObject({ status: 200 });
    expect(await present(await issuer.token({}, { at: Date.now() + 20 * SECOND }))).toMatchObject({ status: 200 });
  });

  test.each(Object.entries(FORGERIES))("with %s is refused", async (_, [forge, message]) => {
    expect(await present(await issuer.token())).toMatchObject({ status: 200 });
    const token = await forge(issuer);
    const answer = await present(token);
    expect(answer).toEqual({ status: 401, message });
    expect(issuer.hosts.every((host) => ISSUER.endsWith(host))).toBe(true);
  });

  test.each(Object.entries(STRANGERS))("of %s is good, and may nothing", async (_, claims) => {
    const { status, message } = await present(await issuer.token(claims));
    expect(status).toBe(403);
    expect(message).toMatch(/^repository=\S+ repository_owner_id=\d+ ref=\S+ .* may not publish here$/);
  });

  test("is good until it expires, and not when it is shown again later", async () => {
    const token = await issuer.token();
    expect(await present(token)).toMatchObject({ status: 200 });
    bakery.bakery.wait(340);
    expect(await present(token)).toEqual({ status: 401, message: "the token has expired" });
  });

  test("is for the extensions of its line, and for nothing but publishing", async () => {
    const token = await issuer.token();
    for (const extension of ["k3s", "cri-tools"])
      expect(await present(token, extension)).toMatchObject({ status: 200 });
    for (const extension of ["k3s-agent", "cri", "crio", "docker"]) {
      expect(await present(token, extension)).toEqual({
        status: 403,
        message: `acme/bakery may not publish ${extension} here`,
      });
    }
    expect(await present(token, "k3s", "POST", "sweep")).toEqual({
      status: 403,
      message: "acme/bakery may not maintain k3s here",
    });
    const maintainers = await issuer.token({ ref: "refs/heads/maintenance" });
    expect(await present(maintainers, "docker", "POST", "sweep")).toMatchObject({ status: 200 });
  });

  test("is what the release manifest says of who published", async () => {
    const release = await testRelease("k3s", "v1.0");
    const authorization = `Bearer ${await issuer.token()}`;
    const url = "k3s/releases/v1.0";
    const draft = (await bakery.draft(release)).body.draft;
    for (const file of release.contents.keys()) await bakery.put(release, draft, file);
    const headers = { authorization, "if-match": `"${draft}"` };
    expect((await bakery.ask("POST", `${url}/commit`, { body: {}, headers })).status).toBe(200);
    const { publisher } = parseReleaseManifest(await bakery.text("/extensions/k3s-v1.0/release.json"));
    expect(publisher).toEqual({
      kind: "github-actions",
      repository,
      repositoryOwnerId: repository_owner_id,
      ref,
      commit: CLAIMS.sha,
      workflow: job_workflow_ref,
      environment,
      run: "https://github.com/acme/bakery/actions/runs/42/attempts/1",
    });
  });
});

describe("the issuer's keys", () => {
  test("are asked for once, and again when a token names one that is not among them; but not by a flood of those", async () => {
    for (let n = 0; n < 5; n += 1) await present(await issuer.token());
    expect(issuer.asked).toBe(1);
    const forged = await issuer.token({}, { header: { kid: "unheard-of" } });
    for (let n = 0; n < 20; n += 1) expect((await present(forged)).status).toBe(401);
    expect(issuer.asked).toBeLessThanOrEqual(2);
  });

  test("may change: the new one is good in an isolate that is new, the old one is not", async () => {
    const old = await issuer.token();
    await issuer.rotate("second");
    const other = await PublishingBakery.open({ PUBLISHERS, BAKERY_URL: AUDIENCE }, { fetch: issuer.fetch });
    const ask = (token: string) => other.ask("GET", "k3s/index", { headers: { authorization: `Bearer ${token}` } });
    expect((await ask(await issuer.token())).status).toBe(200);
    expect((await ask(old)).status).toBe(401);
  });

  test.each<[string, () => Response]>([
    ["that are not given", () => new Response(null, { status: 500 })],
    ["that are elsewhere", () => Response.redirect("https://evil.example/jwks")],
    ["that are no keys", () => new Response("<html>")],
    ["that are too many", () => new Response("x".repeat(300_000))],
  ])("%s are the issuer's fault: 503, and nobody gets in", async (_, fault) => {
    issuer.fault = fault;
    expect(await present(await issuer.token())).toMatchObject({ status: 503 });
    expect(issuer.hosts).not.toContain("evil.example");
  });
});

describe("a token that stands for itself", () => {
  const wrong = ["wrong", TOKEN.slice(0, -1), `${TOKEN}x`, TOKEN.toUpperCase(), "a".repeat(10_000), "x.y.z"];
  test.each(wrong)("%s is refused", async (token) => {
    expect((await present(token)).status).toBe(401);
  });

  test("is not asked for twice in one header, nor in another scheme", async () => {
    for (const authorization of [`Bearer ${TOKEN}, Bearer ${TOKEN}`, `Basic ${btoa(`x:${TOKEN}`)}`, TOKEN, "Bearer "]) {
      expect((await bakery.ask("GET", "k3s/index", { headers: { authorization } })).status).toBe(401);
    }
  });

  test("may be one of several, while one takes the place of another", async () => {
    const hash = async (text: string) =>
      Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))), (byte) =>
        byte.toString(16).padStart(2, "0"),
      ).join("");
    const both = await PublishingBakery.open({ PUBLISH_TOKEN_SHA256: `${await hash("old")}, ${await hash("new")}` });
    for (const [token, status] of [
      ["old", 200],
      ["new", 200],
      ["other", 401],
    ] as const) {
      const headers = { authorization: `Bearer ${token}` };
      expect((await both.ask("GET", "k3s/index", { headers })).status).toBe(status);
    }
  });
});

test("nothing that is secret is said or logged", async () => {
  const said: string[] = [];
  const { error, info } = console;
  Object.assign(console, { error: (line: string) => said.push(line), info: (line: string) => said.push(line) });
  try {
    const tokens = [await issuer.token(), await issuer.token({ repository: "evil/bakery" }), "a-wrong-token", TOKEN];
    for (const token of tokens) {
      said.push(JSON.stringify(await present(token)));
      for (const part of token.split(".").filter((it) => it.length > 5)) expect(said.join()).not.toContain(part);
    }
    expect(said.length).toBeGreaterThan(6);
  } finally {
    Object.assign(console, { error, info });
  }
});

describe("PUBLISHERS", () => {
  test.each([
    ["repository=a/b", "line 1: it has no repository_owner_id"],
    [`${RULE} ref=x`, "line 1: it has no extensions"],
    [`${RULE} extensions=*`, "line 1: it needs one of ref, job_workflow_ref, environment, or any branch could publish"],
    [`\n${RULE} ref=refs/heads/* extensions=*`, "line 2: ref is compared as it is, there are no patterns"],
    [`${RULE} ref=x extensions=K3S`, 'line 1: extensions: "K3S" is no name of an extension, nor a pattern'],
    [`${RULE} ref=x extensions=k3*`, 'line 1: extensions: "k3*" is no name'],
    [`${RULE} ref=x extensions=* may=all`, 'line 1: may: "all" is none of publish, maintain'],
    [`${RULE} ref=x extensions=* actor=me`, 'line 1: "actor" is none of repository,'],
    [`${RULE} ref=x ref=y extensions=*`, "line 1: ref is there twice"],
    [`${RULE} ref= extensions=*`, "line 1: ref has no value"],
    ["# nobody", "it has no line"],
  ])("%j says what is wrong, in the log, and lets nobody in", async (text, problem) => {
    const said: string[] = [];
    const { error } = console;
    Object.assign(console, { error: (line: string) => said.push(line) });
    try {
      const wrong = await PublishingBakery.open({ PUBLISHERS: text, BAKERY_URL: AUDIENCE });
      expect((await wrong.ask("GET", "k3s/index")).status).toBe(500);
      expect(JSON.parse(said[0] ?? "{}").error).toContain(`the variable PUBLISHERS is wrong: ${problem}`);
      expect((await wrong.bakery.fetch("/healthz")).status).toBe(200);
    } finally {
      Object.assign(console, { error });
    }
  });

  test.each([
    [{ PUBLISHERS }, "BAKERY_URL is missing"],
    [{ PUBLISHERS, BAKERY_URL: AUDIENCE, OIDC_ISSUER: "http://issuer.example" }, "OIDC_ISSUER"],
    [{ PUBLISH_TOKEN_SHA256: TOKEN }, "PUBLISH_TOKEN_SHA256"],
  ])("%j is refused by name", async (env, name) => {
    const said: string[] = [];
    const { error } = console;
    Object.assign(console, { error: (line: string) => said.push(line) });
    try {
      expect((await (await PublishingBakery.open(env)).ask("GET", "k3s/index")).status).toBe(500);
      expect(said[0]).toContain(name);
      expect(said[0]).not.toContain(TOKEN);
    } finally {
      Object.assign(console, { error });
    }
  });
});
