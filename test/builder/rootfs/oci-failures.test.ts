/** Registries that ask who we are, that fail, and that lie: what is tried, what is said, and that nothing is left over. */
import { lstat, readdir, writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { loginsFrom } from "../../../builder/rootfs/oci/credentials.ts";
import { run } from "../../../builder/system/run.ts";
import { digestOf, type OciImage, ociImage, ociIndex } from "../../support/oci-image.ts";
import { describeWhere } from "../../support/requirements.ts";
import { entry } from "../../support/tar-archive.ts";
import { Mirror } from "../../support/upstreams/mirror.ts";
import { FakeRegistry, problem } from "../../support/upstreams/oci-registry.ts";
import { Pulling } from "./pulling.ts";

const USER = { name: "baker", password: "s3cret-password" };
const IMAGE = ociImage({ layers: [[entry({ path: "a" }, "a".repeat(50_000))], [entry({ path: "b" }, "b")]] });
const [LAYER = ""] = IMAGE.layers.map(({ digest }) => digest);

let registry: FakeRegistry;
let server: Mirror;
let storage: Mirror;
let at: Pulling;
/** As a registry on this machine, and its image. */
let host: string;
let image: string;

beforeAll(async () => {
  storage = await Mirror.open({ storage: (request) => registry.stored(request) });
});
afterAll(() => storage[Symbol.asyncDispose]());
beforeEach(async () => {
  registry = new FakeRegistry();
  registry.put("tool", "1", IMAGE);
  server = await Mirror.open(registry.paths);
  host = new URL(server.url).host;
  image = `${host}/tool:1`;
  storage.arrivals.length = 0;
  at = await Pulling.open();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await at[Symbol.asyncDispose]();
});

const blob = (digest = LAYER) => `v2/tool/blobs/${digest}`;
const sent = (mirror: Mirror, path: RegExp) => mirror.arrivals.filter((arrival) => path.test(arrival.path));
const credentials = (mirror: Mirror, path: RegExp) =>
  sent(mirror, path).map(({ headers }) => headers.get("authorization"));

async function login(entryOf: object, options: object = {}) {
  const file = at.workplace.file("auth.json");
  await writeFile(file, JSON.stringify({ auths: { [host]: entryOf }, ...options }));
  return loginsFrom({ REGISTRY_AUTH_FILE: file });
}
const password = ({ name, password: secret } = USER) => ({ auth: Buffer.from(`${name}:${secret}`).toString("base64") });

describe("a registry that asks for a token", () => {
  it("gives one to who has no login, which no other host sees", async () => {
    registry.tokens = { realm: `${server.url}/token/get` };
    registry.storage = `${storage.url}/storage`;
    await at.pull(image);
    expect(Object.keys(await at.tree())).toEqual(["a", "b"]);
    expect(sent(server, /^token/).map(({ path }) => path)).toEqual([
      "token/get?service=registry.example&scope=repository%3Atool%3Apull",
    ]);
    expect(credentials(server, /^token/)).toEqual([null]);
    expect(credentials(server, /blobs/).slice(-2)).toEqual(["Bearer token-1", "Bearer token-1"]);
    expect(sent(storage, /./)).toHaveLength(3);
    expect(credentials(storage, /./)).toEqual([null, null, null]);
  });

  it("is shown a login where there is one, and only its token server is", async () => {
    registry.tokens = { realm: `${server.url}/token/get`, user: USER };
    registry.storage = `${storage.url}/storage`;
    await at.pull(image, { logins: await login(password()) });
    expect(credentials(server, /^token/)).toEqual([`Basic ${password().auth}`]);
    expect(new Set(credentials(server, /^v2/))).toEqual(new Set([null, "Bearer token-1"]));
    expect(credentials(storage, /./)).toEqual([null, null, null]);
  });

  it("is sent an identity token in a form, and in no address", async () => {
    registry.tokens = { realm: `${server.url}/token/get`, user: USER, identityToken: "s3cret-token" };
    await at.pull(image, { logins: await login({ auth: "", identitytoken: "s3cret-token" }) });
    expect(sent(server, /^token/)).toMatchObject([{ method: "POST", path: "token/get" }]);
    expect(JSON.stringify(server.arrivals.map(({ path }) => path))).not.toContain("s3cret");
  });

  it("and does not take it for long is asked for another one", async () => {
    registry.tokens = { realm: `${server.url}/token/get` };
    registry.tokenUses = 2;
    await at.pull(image);
    expect(Object.keys(await at.tree())).toEqual(["a", "b"]);
    expect(sent(server, /^token/).length).toBeGreaterThan(1);
  });

  it("refuses a wrong login: said without a word of it", async () => {
    registry.tokens = { realm: `${server.url}/token/get`, user: USER };
    const logins = await login(password({ name: "baker", password: "wr0ng-password" }));
    const failure = await at.pull(image, { logins }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      name: "UpstreamError",
      message: `${image} wants a login`,
      hint: expect.stringContaining("is not enough"),
    });
    expect(JSON.stringify([failure, String(failure)])).not.toMatch(/wr0ng|d3IwbmctcGFzc3dvcmQ/);
    await expect(at.pull(image)).rejects.toMatchObject({ hint: expect.stringContaining("docker login") });
    expect(await at.beside()).toEqual(["auth.json"]);
  });

  it("whose login a helper keeps: the helper is named, and not run", async () => {
    registry.tokens = { realm: `${server.url}/token/get`, user: USER };
    await expect(at.pull(image, { logins: await login({}, { credsStore: "desktop" }) })).rejects.toMatchObject({
      hint: expect.stringContaining("docker-credential-desktop, which is not run"),
    });
  });

  it.each([
    ["not https", "http://token.example/token"],
    ["no URL", "token"],
    ["one with a password", "https://a:b@token.example/token"],
  ])("of a server that is %s is not shown a login", async (_, realm) => {
    registry.tokens = { realm, user: USER };
    await expect(at.pull(image, { logins: await login(password()) })).rejects.toThrow(
      "names no token server with an https URL",
    );
  });

  it("through a mirror gets no login, and its tokens go to the mirror alone", async () => {
    const hosts = {
      "registry.example": registry.host,
      "token.example": registry.token,
      "cdn.example": registry.stored,
    };
    await using mirror = await Mirror.open(hosts);
    registry.tokens = { realm: "https://token.example/token" };
    registry.storage = "https://cdn.example";
    const file = at.workplace.file("auth.json");
    await writeFile(file, JSON.stringify({ auths: { "registry.example": password() } }));
    await at.pull("registry.example/tool:1", {
      env: { BAKERY_MIRROR: mirror.url },
      logins: loginsFrom({ REGISTRY_AUTH_FILE: file }),
    });
    expect(credentials(mirror, /^token/)).toEqual([null]);
    expect(credentials(mirror, /^cdn/)).toEqual([null, null, null]);
    expect(credentials(mirror, /^registry.*blobs/).slice(-1)).toEqual(["Bearer token-1"]);
  });
});

describe("an answer that is none:", () => {
  const answer =
    (status: number, headers: Record<string, string> = {}) =>
    () =>
      problem(status, "ERROR", "error", headers);

  it.each<[string, () => Response, string]>([
    ["401 without a way", answer(401), "wants a login"],
    ["401 with a way that nobody knows", answer(401, { "www-authenticate": "Negotiate" }), "wants a login"],
    ["403", answer(403), "is forbidden to us"],
    ["404", answer(404), "has no tool with tag 1"],
    ["429 for long", answer(429, { "retry-after": "3600" }), "gives no more to us for now"],
    [
      "a redirect in a circle",
      () => new Response(null, { status: 302, headers: { location: `${server.url}/v2/tool/manifests/1?x-secret` } }),
      "redirected without end",
    ],
    [
      "a redirect to a file",
      () => new Response(null, { status: 302, headers: { location: "file:///etc/passwd" } }),
      "redirected to what is no https URL",
    ],
  ])("%s", async (_, make, message) => {
    registry.instead.push(...Array.from({ length: 50 }, () => make));
    const failure = await at.pull(image).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      name: "UpstreamError",
      message: expect.stringContaining(message),
      details: { image },
    });
    expect(JSON.stringify(failure)).not.toContain("x-secret");
    expect(await at.beside()).toEqual([]);
  });

  it("none is told of before all that was written meanwhile is there: the cache may be about to go", async () => {
    registry.putManifest("tool", "odd", Buffer.from("<html>"), "application/vnd.oci.image.manifest.v1+json");
    const kitchen = at.kitchen();
    const { promise, resolve } = Promise.withResolvers<void>();
    vi.spyOn(kitchen.downloads.known, "remember").mockReturnValue(promise);
    const failure = at.pull(`${host}/tool:odd`, { kitchen }).catch((error: Error) => error.message);
    await vi.waitUntil(() => sent(server, /manifests\/sha256:/).length > 0, { timeout: 30_000 });
    expect(await Promise.race([failure, setTimeout(300, "not told")])).toBe("not told");
    resolve();
    expect(await failure).toContain("is not JSON");
  });

  it("429 that passes, and servers that are out of order, are asked again", async () => {
    registry.instead.push(answer(429, { "retry-after": "0" }));
    server.fail(blob(), 500, 503);
    await at.pull(image);
    expect(server.count(blob())).toBe(3);
    expect(Object.keys(await at.tree())).toEqual(["a", "b"]);
  });

  it("5xx without end is given up", async () => {
    server.fail(blob(), ...Array.from({ length: 9 }, () => 502 as const));
    await expect(at.pull(image)).rejects.toThrow(`${image} cannot be pulled: upstream refused`);
    expect(await at.beside()).toEqual([]);
  });

  it.each<[string, Buffer, string, string]>([
    ["no JSON", Buffer.from("<html>"), "application/vnd.oci.image.manifest.v1+json", "is not JSON"],
    [
      "a manifest without layers",
      Buffer.from('{"schemaVersion":2}'),
      "application/vnd.oci.image.manifest.v1+json",
      "neither an image's nor an index",
    ],
    [
      "two things in one",
      Buffer.from('{"schemaVersion":2,"manifests":[],"layers":[]}'),
      "x/y",
      "neither an image's nor an index",
    ],
    [
      "a digest that is none",
      Buffer.from('{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:../..","size":1}]}'),
      "x/y",
      "is damaged",
    ],
    ["schema 1", Buffer.from('{"schemaVersion":1,"fsLayers":[]}'), "x/y", "schema 1"],
    [
      "schema 1, which is signed",
      Buffer.from('{"schemaVersion":1}'),
      "application/vnd.docker.distribution.manifest.v1+prettyjws",
      "schema 1",
    ],
    ["a chart", chart(), "application/vnd.oci.image.manifest.v1+json", "no container image that is understood"],
  ])("%s for a manifest", async (_, bytes, mediaType, message) => {
    registry.putManifest("tool", "odd", bytes, mediaType);
    await expect(at.pull(`${host}/tool:odd`)).rejects.toMatchObject({
      message: expect.stringMatching(new RegExp(`${host}/tool:odd.*${message}|${message}.*`)),
      details: { image: `${host}/tool:odd` },
    });
    expect(await at.beside()).toEqual([]);
  });

  it("an index that names itself in other indexes, and one without the platform", async () => {
    const platform = { os: "linux", architecture: "amd64" };
    const nested = [0, 1, 2].reduce<OciImage>(
      (inner) => ociIndex([{ ...inner, top: { ...inner.top, platform } }]),
      IMAGE,
    );
    registry.put("tool", "nested", nested);
    await expect(at.pull(`${host}/tool:nested`)).rejects.toThrow("names an index, and so on");

    const other = ["s390x", "arm"].map((architecture) => ociImage({ architecture, layers: [[entry({ path: "x" })]] }));
    const attestation = {
      mediaType: "x",
      digest: digestOf("x"),
      size: 1,
      platform: { os: "unknown", architecture: "unknown" },
    };
    registry.put("tool", "other", ociIndex(other, [attestation]));
    await expect(at.pull(`${host}/tool:other`)).rejects.toMatchObject({
      message: `${host}/tool:other is not there for linux/amd64`,
      details: { there: "linux/s390x, linux/arm" },
    });
  });

  it("none for the digest of a tag is worked out from the manifest", async () => {
    registry.saysDigest = false;
    expect((await at.pull(image)).digest).toBe(IMAGE.top.digest);
  });
});

describe("bytes that are not the image's:", () => {
  it("a body that is cut is gone on with", async () => {
    server.fail(blob(), "cut", "short");
    await at.pull(image);
    expect(
      sent(server, /blobs/)
        .filter(({ path }) => path === blob())
        .map(({ headers }) => headers.get("range")),
    ).toEqual([null, expect.stringMatching(/^bytes=[0-9]+-$/), expect.stringMatching(/^bytes=[0-9]+-$/)]);
    expect((await at.tree()).a).toBe("a".repeat(50_000));
  });

  it("a whole layer was downloaded before is not asked for again", async () => {
    await at.pull(image);
    await at.pull(image, {}, at.workplace.file("again"));
    expect(server.count(blob())).toBe(1);
  });

  it.each<[string, Buffer, string]>([
    ["other ones", Buffer.from(IMAGE.blobs.get(LAYER) ?? "").fill(7, 20, 24), "does not match its published checksum"],
    ["a web page", Buffer.from("<html>sign in</html>"), "upstream has sent a web page instead of"],
    [
      "more of them",
      Buffer.concat([IMAGE.blobs.get(LAYER) ?? Buffer.alloc(0), Buffer.alloc(10)]),
      "more than it should",
    ],
  ])("%s for a layer", async (_, bytes, message) => {
    registry.replaceBlob(LAYER, bytes);
    await expect(at.pull(image)).rejects.toMatchObject({
      message: expect.stringMatching(new RegExp(`^${image} cannot be pulled: .*${message}`)),
      details: { url: `${server.url}/${blob()}` },
    });
    expect(await at.beside()).toEqual([]);
    await expect(lstat(at.folder)).rejects.toThrow("ENOENT");
    expect((await readdir(`${at.workplace.cache}/files`)).join()).not.toContain(LAYER.slice(7));
  });

  it("none for a layer", async () => {
    registry.replaceBlob(LAYER, undefined);
    await expect(at.pull(image)).rejects.toThrow(`${host} does not have all of tool:1`);
  });

  it("other ones for a manifest that is named by its digest", async () => {
    registry.instead.push(() => new Response("{}"));
    await expect(at.pull(`${host}/tool@${IMAGE.top.digest}`)).rejects.toThrow("does not match its published checksum");
  });

  it("that unpack to something else than the config says, or are of another size than the manifest says", async () => {
    registry.put("tool", "liar", ociImage({ layers: [[entry({ path: "x" })]], diffIds: [digestOf("x")] }));
    await expect(at.pull(`${host}/tool:liar`)).rejects.toThrow(
      "unpacks to something else than the image's config says",
    );
    registry.put("tool", "odd", ociImage({ layers: [[entry({ path: "x" })]], diffIds: [] }));
    await expect(at.pull(`${host}/tool:odd`)).rejects.toThrow("do not have the same number of layers");
    const layers = IMAGE.layers.map((layer) => ({ ...layer, size: layer.size + 1 }));
    registry.put(
      "tool",
      "long",
      ociImage({ layers: [[entry({ path: "x" })], [entry({ path: "y" })]], manifest: { layers } }),
    );
    await expect(at.pull(`${host}/tool:long`)).rejects.toThrow("not as long as the manifest says");
    expect(await at.beside()).toEqual([]);
  });
});

describe("the folder", () => {
  it("that is there already is left as it is, and nothing is downloaded", async () => {
    await run("mkdir", [at.folder]);
    await writeFile(`${at.folder}/mine`, "mine");
    await expect(at.pull(image)).rejects.toMatchObject({
      name: "UsageError",
      message: `${at.folder} is there already`,
    });
    expect(await at.tree()).toEqual({ mine: "mine" });
    expect(server.count(blob())).toBe(0);
    await expect(at.pull(image, {}, `${at.folder}/no/such`)).rejects.toMatchObject({ name: "UsageError" });
  });

  it("may be an empty one; what a run that was killed has left beside it goes", async () => {
    await run("mkdir", [
      "-p",
      at.folder,
      at.workplace.file(`.tree.partial-${(await run("hostname", [])).replace(/[^A-Za-z0-9]/g, "")}.99999999/0/usr`),
    ]);
    await at.pull(image);
    expect(Object.keys(await at.tree())).toEqual(["a", "b"]);
    expect(await at.beside()).toEqual([]);
  });

  it("is not there when a pull was interrupted midway, and nothing else is", async () => {
    server.fail(blob(), "stall");
    const interrupted = new AbortController();
    const pulling = at.pull(image, { kitchen: { ...at.kitchen(), signal: interrupted.signal } });
    while (server.count(blob()) === 0) await setTimeout(5);
    interrupted.abort(new Error("ended by SIGINT"));
    await expect(pulling).rejects.toThrow("ended by SIGINT");
    expect(await at.beside()).toEqual([]);
    await expect(lstat(at.folder)).rejects.toThrow("ENOENT");
  });
});

describeWhere(process.getuid?.() === 0 ? undefined : "needs root, to mount a small disk", "on a full disk", () => {
  it.each(["the tree", "the download cache"])(
    "%s is not made, nothing is left, and the error says so",
    async (what) => {
      const disk = at.workplace.file("disk");
      await run("mkdir", [disk]);
      await run("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk]);
      try {
        const noise = Buffer.from(Array.from({ length: 400_000 }, (_, n) => (n * n * 31 + (n >> 3) * 7) % 251));
        registry.put("tool", "large", ociImage({ layers: [[entry({ path: "x" }, noise)]], compression: ["none"] }));
        const [folder, cache] =
          what === "the tree" ? [`${disk}/tree`, at.workplace.cache] : [at.folder, `${disk}/cache`];
        await expect(at.pull(`${host}/tool:large`, { env: { BAKERY_CACHE: cache } }, folder)).rejects.toMatchObject({
          name: "ToolError",
          message: expect.stringContaining("no space left for"),
        });
        expect((await readdir(disk)).filter((name) => name !== "cache")).toEqual([]);
        expect((await at.beside()).filter((name) => name !== "disk")).toEqual([]);
      } finally {
        await run("umount", [disk]);
      }
    },
  );
});

/** What else registries keep. */
function chart(): Buffer {
  const config = { mediaType: "application/vnd.cncf.helm.config.v1+json", digest: digestOf("x"), size: 1 };
  return Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: [] }));
}
