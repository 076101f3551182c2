/** Names of images, logins at registries, and what registries ask for. */
import { writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { parseChallenges } from "../../../builder/rootfs/oci/challenge.ts";
import { loginsFrom } from "../../../builder/rootfs/oci/credentials.ts";
import { apiUrl, describeReference, parseReference } from "../../../builder/rootfs/oci/reference.ts";
import { Workplace } from "../../support/bakery.ts";

const SHA = `sha256:${"0a".repeat(32)}`;

describe("a reference", () => {
  it.each([
    ["alpine", "docker.io/library/alpine:latest"],
    ["alpine:3.21", "docker.io/library/alpine:3.21"],
    ["org/tool:v1", "docker.io/org/tool:v1"],
    ["docker.io/alpine", "docker.io/library/alpine:latest"],
    ["index.docker.io/org/tool", "docker.io/org/tool:latest"],
    ["quay.io/a/b/c:1.0_x-y", "quay.io/a/b/c:1.0_x-y"],
    ["localhost/tool", "localhost/tool:latest"],
    ["localhost:5000/tool:1", "localhost:5000/tool:1"],
    ["[::1]:5000/a/tool:1", "[::1]:5000/a/tool:1"],
    ["registry.example:8443/tool", "registry.example:8443/tool:latest"],
    [`alpine@${SHA}`, `docker.io/library/alpine@${SHA}`],
    [`quay.io/a/b:1@${SHA}`, `quay.io/a/b:1@${SHA}`],
    ["a__b/c-d.e_f--g", "docker.io/a__b/c-d.e_f--g:latest"],
  ])("%s is %s", (text, expected) => expect(describeReference(parseReference(text))).toBe(expected));

  it.each([
    ["", "it has no name"],
    ["https://quay.io/a/b", "it is no URL"],
    ["docker://alpine", "it is no URL"],
    ["Alpine", "upper-case"],
    ["org/Tool:1", "upper-case"],
    ["alpine:", "its tag is none"],
    ["alpine:-x", "its tag is none"],
    [`alpine:${"x".repeat(129)}`, "its tag is none"],
    ["alpine@sha256:abc", "its digest is not"],
    ["alpine@md5:0123", "its digest is not"],
    [`alpine@${SHA}@${SHA}`, "two digests"],
    ["quay.io/", "it has no name"],
    ["quay.io/a//b", "its name is none"],
    ["quay.io/../a", "its name is none"],
    ["user:password@quay.io/a", "its digest is not"],
    ["quay.io:port/a", "its registry is no host"],
    ["-x.example/a", "its registry is no host"],
    ["a b", "its name is none"],
    [`quay.io/${"x".repeat(250)}`, "longer than 255"],
  ])("%j is refused: %s", (text, problem) => {
    expect(() => parseReference(text)).toThrow(problem);
    expect(() => parseReference(text)).toThrow("not a reference of an image");
  });

  it.each([
    ["docker.io", "https://registry-1.docker.io/v2"],
    ["quay.io", "https://quay.io/v2"],
    ["127.0.0.1:5000", "http://127.0.0.1:5000/v2"],
    ["localhost", "http://localhost/v2"],
    ["[::1]:5000", "http://[::1]:5000/v2"],
    ["127.0.0.1.evil.example", "https://127.0.0.1.evil.example/v2"],
    ["localhost.example", "https://localhost.example/v2"],
  ])("at %s is asked for at %s", (registry, url) => expect(apiUrl(registry)).toBe(url));
});

describe("a challenge", () => {
  it.each([
    [
      'Bearer realm="https://a/token",service="s",scope="repository:x:pull,push"',
      [{ scheme: "bearer", parameters: { realm: "https://a/token", service: "s", scope: "repository:x:pull,push" } }],
    ],
    ['Basic realm="a \\"b\\" c"', [{ scheme: "basic", parameters: { realm: 'a "b" c' } }]],
    ["Basic", [{ scheme: "basic", parameters: {} }]],
    [
      'Negotiate, BEARER Realm=https://a , Basic realm=""',
      [
        { scheme: "negotiate", parameters: {} },
        { scheme: "bearer", parameters: { realm: "https://a" } },
        { scheme: "basic", parameters: { realm: "" } },
      ],
    ],
    ['realm="x"', []],
    ["", []],
  ])("%s", (header, expected) => expect(parseChallenges(header)).toEqual(expected));
});

describe("a login", () => {
  const auth = (user: string, password: string) => ({ auth: Buffer.from(`${user}:${password}`).toString("base64") });
  const find = async (config: unknown, reference: string) => {
    await using workplace = await Workplace.open();
    await writeFile(workplace.file("config.json"), typeof config === "string" ? config : JSON.stringify(config));
    return await loginsFrom({ DOCKER_CONFIG: workplace.path })(parseReference(reference));
  };

  it.each([
    ["alpine", { "https://index.docker.io/v1/": auth("u", "p:q") }, { kind: "password", user: "u", password: "p:q" }],
    ["alpine", { "docker.io": auth("u", "p") }, { kind: "password", user: "u", password: "p" }],
    [
      "quay.io/a/b",
      { "quay.io": auth("u", "all"), "quay.io/a": auth("u", "part"), "quay.io/ab": auth("u", "other") },
      { kind: "password", user: "u", password: "part" },
    ],
    [
      "quay.io/a/b",
      { "https://quay.io/v2/": { username: "u", password: "p" } },
      { kind: "password", user: "u", password: "p" },
    ],
    ["quay.io/a/b", { "quay.io": { ...auth("u", ""), identitytoken: "t" } }, { kind: "identity-token", token: "t" }],
    ["quay.io:443/a", { "quay.io": auth("u", "p") }, undefined],
    ["quay.io.example/a", { "quay.io": auth("u", "p") }, undefined],
    ["alpine", { "quay.io": auth("u", "p") }, undefined],
    ["quay.io/a", { "quay.io": {} }, undefined],
  ])("for %s is found among %j", async (reference, auths, expected) => {
    expect((await find({ auths }, reference)).credential).toEqual(expected);
  });

  it("that a helper keeps is said to be there", async () => {
    expect(await find({ credsStore: "desktop", auths: { "quay.io": {} } }, "quay.io/a")).toMatchObject({
      helper: "docker-credential-desktop",
    });
    const helpers = { credHelpers: { "gcr.io": "gcloud" } };
    expect(await find(helpers, "gcr.io/a/b")).toMatchObject({ helper: "docker-credential-gcloud" });
    expect((await find(helpers, "quay.io/a")).helper).toBeUndefined();
  });

  it("is none where there is no file, and is read where REGISTRY_AUTH_FILE says", async () => {
    await using workplace = await Workplace.open();
    const reference = parseReference("quay.io/a");
    expect(await loginsFrom({ DOCKER_CONFIG: workplace.path })(reference)).toEqual({
      file: workplace.file("config.json"),
    });
    await writeFile(workplace.file("auth.json"), JSON.stringify({ auths: { "quay.io": auth("u", "p") } }));
    const logins = loginsFrom({ DOCKER_CONFIG: "/nowhere", REGISTRY_AUTH_FILE: workplace.file("auth.json") });
    expect((await logins(reference)).credential).toEqual({ kind: "password", user: "u", password: "p" });
  });

  it.each(["{", '{"auths":{"quay.io":{"auth":7}}}', '{"auths":{"quay.io":{"auth":"c2VjcmV0"}}}'])(
    "in a damaged file is an error that repeats nothing of it: %s",
    async (text) => {
      const failure = await find(text, "quay.io/a").catch((error: unknown) => error);
      expect(failure).toMatchObject({ name: "UserError", details: { file: expect.stringMatching(/config\.json$/) } });
      expect(JSON.stringify([failure, String(failure)])).not.toMatch(/c2VjcmV0|secret/);
    },
  );
});
