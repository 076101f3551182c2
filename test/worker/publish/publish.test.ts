/** Publishing a release, step by step: what is seen when, and what is refused. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { MAX_BUILD_LOG_BYTES, parseReleaseManifest, RELEASE_DOCUMENTS } from "../../../schema/index.ts";
import { sha256 } from "../support/files.ts";
import { PublishingBakery, type TestRelease, TOKEN, testRelease } from "../support/publishing.ts";
import { counting, emptyStorage } from "../support/storage.ts";

const IMAGE = "k3s-v1.32.2+k3s1-arm64.raw";
const IMAGE_PATH = `/extensions/k3s/${IMAGE}`;
let release: TestRelease;
let it: PublishingBakery;

beforeEach(async () => {
  await emptyStorage();
  release = await testRelease("k3s", "v1.32.2+k3s1");
  it = await PublishingBakery.open();
});

async function keys(): Promise<string[]> {
  return (await env.BUCKET.list()).objects.map(({ key }) => key).sort();
}

describe("a release", () => {
  test("is not seen before its commit, and then is as it was baked", async () => {
    const draft = await it.upload(release);
    for (const path of [IMAGE_PATH, "/extensions/k3s-v1.32.2+k3s1/release.json", "/extensions/k3s/releases.json"]) {
      expect(await it.text(path)).toBe("404");
    }
    expect(await it.commit(release, draft)).toMatchObject({ status: 200, body: { state: "published" } });
    expect(await it.text(IMAGE_PATH)).toBe("image of v1.32.2+k3s1 for arm64");
    expect(await it.text("/extensions/k3s.conf")).toContain("# v1.32.2+k3s1");
    expect(await it.text("/extensions/k3s-v1.32.2+k3s1.conf")).toBe("404");
    expect(await it.text("/extensions/k3s/SHA256SUMS")).toBe("404");
    await it.index("k3s");
    const index = await it.text("/extensions/k3s/SHA256SUMS");
    expect(index).toContain(`${await sha256("image of v1.32.2+k3s1 for arm64")}  ${IMAGE}\n`);
    expect(await it.text("/extensions/SHA256SUMS")).toBe(index);
  });

  test("leaves nothing of its draft behind", async () => {
    await it.publish(release);
    expect(await keys()).toEqual([
      ".catalogue/record.json",
      ".feed/recent.json",
      "SHA256SUMS/index.json",
      "k3s-v1.32.2+k3s1/k3s-v1.32.2+k3s1-arm64.raw",
      "k3s-v1.32.2+k3s1/k3s-v1.32.2+k3s1-x86-64.raw",
      "k3s-v1.32.2+k3s1/k3s.conf",
      "k3s-v1.32.2+k3s1/release.json",
      "k3s/index.json",
      "k3s/k3s.conf",
      "k3s/releases.json",
    ]);
  });

  test("says who published it", async () => {
    await it.publish(release);
    const { publisher } = parseReleaseManifest(await it.text("/extensions/k3s-v1.32.2+k3s1/release.json"));
    expect(publisher).toEqual({ kind: "token", token: (await sha256(TOKEN)).slice(0, 16) });
  });

  test("a second time there is nothing to do, and nothing is written", async () => {
    await it.publish(release);
    const before = await env.BUCKET.list();
    const again = {
      ...release,
      manifest: {
        ...release.manifest,
        provenance: { ...release.manifest.provenance, builtAt: "2026-11-25T00:00:00Z" },
      },
    };
    expect(await it.draft(again)).toMatchObject({ status: 200, body: { state: "published" } });
    expect((await env.BUCKET.list()).objects.map(({ version }) => version)).toEqual(
      before.objects.map(({ version }) => version),
    );
  });

  test("with other bytes under a published name is refused, whichever file it is, and changes nothing", async () => {
    await it.publish(release);
    const before = await keys();
    const other = await testRelease("k3s", "v1.32.2+k3s1", "other image");
    const transfers = [{ ...release.manifest.transfers[0], sha256: "d".repeat(64) }];
    const otherTransfer = { ...release, manifest: { ...release.manifest, transfers } as TestRelease["manifest"] };
    const oneArch = { ...release, manifest: { ...release.manifest, images: release.manifest.images.slice(1) } };
    for (const changed of [other, otherTransfer, oneArch]) {
      const { status, body } = await it.draft(changed);
      expect([status, body]).toMatchObject([
        409,
        { error: { code: "conflict", hint: expect.stringContaining("+r1") } },
      ]);
    }
    expect(await keys()).toEqual(before);
    expect(await it.text(IMAGE_PATH)).toBe("image of v1.32.2+k3s1 for arm64");
  });

  test("whose file was damaged in the bucket is mended by publishing it again", async () => {
    await it.publish(release);
    await env.BUCKET.put(`k3s-v1.32.2+k3s1/${IMAGE}`, "damaged");
    await env.BUCKET.delete("k3s-v1.32.2+k3s1/k3s.conf");
    const { state, files } = (await it.draft(release)).body;
    expect(state).toBe("draft");
    expect(files.filter(({ missing }) => missing.length > 0).map(({ file }) => file)).toEqual([IMAGE, "k3s.conf"]);
    await it.publish(release);
    expect(await it.text(IMAGE_PATH)).toBe("image of v1.32.2+k3s1 for arm64");
  });
});

describe("beside a release", () => {
  const RELEASE = "/extensions/k3s-v1.32.2+k3s1";
  const putLog = (body: string) => it.ask("PUT", "k3s/releases/v1.32.2+k3s1/log", { body });

  test("are its SBOM and its provenance statement, which says who published it", async () => {
    expect(await it.text(`${RELEASE}/sbom.cdx.json`)).toBe("404");
    await it.publish(release);
    const response = await it.bakery.fetch(`${RELEASE}/sbom.cdx.json`);
    expect(response.headers.get("content-type")).toBe("application/json");
    const manifest = parseReleaseManifest(await it.text(`${RELEASE}/release.json`));
    for (const [file, format] of Object.entries(RELEASE_DOCUMENTS)) {
      expect(await it.text(`${RELEASE}/${file}`)).toBe(format(manifest));
    }
    const etag = response.headers.get("etag") ?? "";
    const again = await it.bakery.fetch(`${RELEASE}/sbom.cdx.json`, { headers: { "if-none-match": etag } });
    expect(again.status).toBe(304);
  });

  test("is what is in its images, if it is of these", async () => {
    const { images } = release.manifest;
    const contents = (hashes: readonly string[]) => ({
      ...{ schemaVersion: 1, extension: "k3s", version: "v1.32.2+k3s1" },
      images: images.map(({ arch }, at) => ({
        ...{ arch, sha256: hashes[at], unpackedSize: 1, files: 1, folders: 1, symlinks: 0, units: [] },
        ...{ largest: [{ path: "usr/bin/k3s", size: 1 }], parts: [{ path: "usr/bin/k3s", size: 1, files: 1 }] },
      })),
    });
    const put = (body: object) => it.ask("PUT", "k3s/releases/v1.32.2+k3s1/contents", { body });
    const own = contents(images.map(({ sha256 }) => sha256));
    expect(await put(own)).toMatchObject({ status: 404, body: { error: { code: "not_published" } } });
    await it.publish(release);
    const other = contents(images.map(() => "0".repeat(64)));
    expect(await put(other)).toMatchObject({ status: 422, body: { error: { code: "other_images" } } });
    expect(await put({ ...own, version: "v1.0.0" })).toMatchObject({ status: 400 });
    expect(await put(own)).toMatchObject({ status: 200, body: { kept: true } });
    expect(await put(own)).toMatchObject({ status: 200, body: { kept: false } });
    expect(JSON.parse(await it.text(`${RELEASE}/contents.json`))).toEqual(own);
  });

  test("is its build log, once it is published, and the first one stays", async () => {
    expect(await putLog("baked\n")).toMatchObject({ status: 404, body: { error: { code: "not_published" } } });
    await it.publish(release);
    expect(await putLog("baked\n")).toMatchObject({ status: 200, body: { kept: true } });
    expect(await putLog("baked anew\n")).toMatchObject({ status: 200, body: { kept: false } });
    expect(await it.text(`${RELEASE}/build.log`)).toBe("baked\n");
    const headers = { authorization: "Bearer another" };
    expect((await it.ask("PUT", "k3s/releases/v1.32.2+k3s1/log", { body: "x", headers })).status).toBe(401);
    expect(await putLog("x".repeat(MAX_BUILD_LOG_BYTES + 1))).toMatchObject({ status: 413 });
  });
});

describe("beside an extension", () => {
  const profile = (version: string, description = "d"): object => ({
    schemaVersion: 1,
    ...{
      extension: "k3s",
      version,
      description,
      homepage: "https://k3s.io",
      readme: "# k3s",
      transfers: ["every-version"],
    },
    host: { activation: "reboot" },
  });
  const put = (body: object, extension = "k3s") => it.ask("PUT", `${extension}/profile`, { body });

  test("is its profile, made with the newest version", async () => {
    expect(await put(profile("v1.32.2+k3s1"))).toMatchObject({
      status: 404,
      body: { error: { code: "not_published" } },
    });
    await it.publish(release);
    expect(await put(profile("v1.32.2+k3s1"))).toMatchObject({ status: 200, body: { kept: true } });
    expect(await put(profile("v1.31.9+k3s1", "older"))).toMatchObject({ status: 200, body: { kept: false } });
    expect(await put(profile("v1.32.2+k3s1", "anew"))).toMatchObject({ status: 200, body: { kept: true } });
    const answer = await it.bakery.fetch("/extensions/k3s/extension.json");
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(await answer.json()).toMatchObject({ version: "v1.32.2+k3s1", description: "anew" });
  });

  test("is no profile of another one, nor one that is none", async () => {
    await it.publish(release);
    for (const [body, extension, said] of [
      [{ ...profile("v1.0.0"), extension: "k9s" }, "k3s", "the profile is of k9s, and not of k3s"],
      [{ ...profile("v1.0.0"), homepage: "javascript:alert(1)" }, "k3s", "homepage: not an http(s) URL"],
    ] as const) {
      const { status, body: answer } = await put(body, extension);
      expect([status, answer]).toMatchObject([400, { error: { message: expect.stringContaining(said) } }]);
    }
    expect(await it.text("/extensions/k3s/extension.json")).toBe("404");
  });
});

describe("a draft", () => {
  test("says what is missing, and takes up where it was left", async () => {
    const { draft, files } = (await it.draft(release)).body;
    expect(files.map(({ file, missing }) => [file, missing])).toEqual([
      ["k3s-v1.32.2+k3s1-x86-64.raw", [1]],
      [IMAGE, [1]],
      ["k3s.conf", [1]],
    ]);
    expect((await it.put(release, draft, IMAGE)).status).toBe(204);
    const again = (await it.draft(release)).body;
    expect(again.files.map(({ missing }) => missing)).toEqual([[1], [], [1]]);
    const { status, body } = await it.commit(release, draft);
    expect([status, body]).toMatchObject([
      409,
      { error: { code: "incomplete", message: expect.stringMatching(/lacks k3s-.*x86-64.raw, k3s.conf$/) } },
    ]);
    expect(await it.text("/extensions/k3s/releases.json")).toBe("404");
  });

  test("is taken up by whoever publishes the same bytes, made at another time", async () => {
    const draft = await it.upload(release);
    const provenance = { ...release.manifest.provenance, builtAt: "2027-01-01T00:00:00Z" };
    const other = { ...release, manifest: { ...release.manifest, provenance } };
    expect((await it.draft(other)).body).toMatchObject({
      draft,
      files: [{ missing: [] }, { missing: [] }, { missing: [] }],
    });
    expect((await it.commit(release, draft)).status).toBe(200);
    expect(await it.commit(other, draft)).toMatchObject({ status: 404, body: { error: { code: "no_draft" } } });
    expect((await it.draft(other)).body).toMatchObject({ state: "published" });
  });

  test("gives way to one with other bytes, and whoever had it is told", async () => {
    const draft = await it.upload(release);
    const other = await testRelease("k3s", "v1.32.2+k3s1", "other image");
    const otherDraft = await it.upload(other);
    for (const refused of [await it.put(release, draft, IMAGE), await it.commit(release, draft)]) {
      expect([refused.status, refused.body]).toMatchObject([412, { error: { code: "draft_replaced" } }]);
    }
    expect((await it.commit(other, otherDraft)).status).toBe(200);
    expect(await it.text(IMAGE_PATH)).toBe("other image for arm64");
  });

  test("cannot be committed with other bytes while a commit of it has begun; an hour later it can", async () => {
    const begun = await it.upload(release);
    const { storage } = counting(env.BUCKET);
    const dying = new Proxy(storage, {
      get: (target, property) => {
        const member = Reflect.get(target, property) as (...args: unknown[]) => unknown;
        return (key: string, ...rest: unknown[]) => {
          if (property === "put" && key === "k3s/releases.json") throw new Error("the isolate is gone");
          return member.call(target, key, ...rest);
        };
      },
    });
    expect((await (await PublishingBakery.open({ BUCKET: dying })).commit(release, begun)).status).toBe(503);
    expect(await it.text(IMAGE_PATH)).toBe("404");

    const other = await testRelease("k3s", "v1.32.2+k3s1", "other image");
    const draft = await it.upload(other);
    expect(await it.commit(other, draft)).toMatchObject({ status: 409, body: { error: { code: "being_published" } } });
    it.bakery.wait(3_700);
    expect((await it.commit(other, draft)).status).toBe(200);
    expect(await it.text(IMAGE_PATH)).toBe("other image for arm64");
  });

  test("is in the list of its extension, and of no other that begins so", async () => {
    await it.upload(release);
    await it.upload(await testRelease("k3s-agent", "1.0"));
    expect((await it.ask("GET", "k3s/drafts")).body).toEqual({
      drafts: [{ version: "v1.32.2+k3s1", usedAt: expect.stringMatching(/Z$/) }],
    });
    await it.publish(release);
    expect((await it.ask("GET", "k3s/drafts")).body).toEqual({ drafts: [] });
  });

  test("that nobody comes back for is taken away after a day", async () => {
    const draft = await it.upload(release);
    await it.bakery.refresh();
    expect((await keys()).length).toBeGreaterThan(0);
    it.bakery.wait(25 * 3600);
    await it.bakery.refresh();
    expect(await keys()).toEqual([]);
    expect(await it.commit(release, draft)).toMatchObject({ status: 404, body: { error: { code: "no_draft" } } });
  });
});

describe("a file", () => {
  test("that is not what the manifest says is refused, and nothing is kept of it", async () => {
    const { draft } = (await it.draft(release)).body;
    const wrong = "IMAGE of v1.32.2+k3s1 for arm64";
    expect(await it.put(release, draft, IMAGE, wrong)).toMatchObject({
      status: 422,
      body: { error: { code: "hash_mismatch", message: `${IMAGE} is not what its hash says` } },
    });
    expect((await keys()).filter((key) => !key.endsWith("draft.json"))).toEqual([]);
  });

  test.each([
    ["shorter", "x", 400, "wrong_length"],
    ["longer", "x".repeat(1000), 413, "wrong_length"],
    ["empty", "", 400, "wrong_length"],
  ])("that is %s is refused", async (_, content, status, code) => {
    const { draft } = (await it.draft(release)).body;
    expect(await it.put(release, draft, IMAGE, content)).toMatchObject({ status, body: { error: { code } } });
  });

  test("of transfers is small", async () => {
    const { draft } = (await it.draft(release)).body;
    expect(await it.put(release, draft, "k3s.conf", "x".repeat(65_537))).toMatchObject({
      status: 413,
      body: { error: { code: "too_large" } },
    });
  });

  test("is one of the manifest's, by exactly its name", async () => {
    const { draft } = (await it.draft(release)).body;
    for (const name of [
      "..%2F..%2Fk3s%2Freleases.json",
      "%2e%2e",
      "release.json",
      `${IMAGE}%00`,
      `${IMAGE}%0A`,
      "k3s．conf",
      "draft.json",
    ]) {
      const { status } = await it.put(release, draft, name, "x");
      expect([404, 405], name).toContain(status);
    }
    expect(await keys()).toEqual([".drafts/k3s-v1.32.2+k3s1/draft.json"]);
  });

  test("has the parts that it has, and a digest where there are several", async () => {
    const size = 64 * 1024 ** 2 + 3;
    const { manifest } = release;
    const images = manifest.images.map((image) => ({ ...image, size }));
    const large = { ...release, manifest: { ...manifest, images } };
    const { draft, files, partBytes } = (await it.draft(large)).body;
    expect([partBytes, files[1]]).toMatchObject([64 * 1024 ** 2, { parts: 2, missing: [1, 2] }]);
    const path = `k3s/releases/${manifest.version}/files/${IMAGE}`;
    const put = (part: string, headers = {}) =>
      it.ask("PUT", `${path}?part=${part}`, { body: "abc", headers: { "if-match": `"${draft}"`, ...headers } });
    expect((await put("2")).body.error.code).toBe("no_digest");
    expect((await put("3")).body.error.code).toBe("no_such_part");
    expect((await put("0")).status).toBe(400);
    expect((await put("1", { "content-digest": "sha-256=:x:" })).body.error.code).toBe("wrong_length");
    // Of "abc", from FIPS 180-4's examples.
    const right = "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:";
    expect((await put("2", { "content-digest": right.replace("u", "v") })).body.error.code).toBe("hash_mismatch");
    expect((await put("2", { "content-digest": `unixsum=:1:, ${right}` })).status).toBe(204);
    expect((await it.draft(large)).body.files[1]).toMatchObject({ parts: 2, missing: [1] });
  });
});

describe("requests that are wrong", () => {
  test("have a clear answer, and write nothing", async () => {
    const url = "k3s/releases/v1.32.2+k3s1";
    const body = release.manifest;
    const cases: [string, string, object, number, string, RegExp][] = [
      ["POST", url, { body: "{" }, 400, "invalid", /not JSON/],
      ["POST", url, { body: "\u0000" }, 400, "invalid", /not JSON/],
      ["POST", url, { body: { ...body, extra: 1 } }, 400, "invalid", /extra/],
      ["POST", url, { body: { ...body, version: "v1.0" } }, 400, "invalid", /images\[0\].file/],
      ["POST", "k3s/releases/v1.0", { body }, 400, "bad_request", /is of k3s-v1.32.2\+k3s1, and not of k3s-v1.0/],
      ["POST", "docker/releases/v1.32.2+k3s1", { body }, 400, "bad_request", /is of k3s/],
      [
        "POST",
        url,
        { body: { ...body, publisher: { kind: "token", token: "a".repeat(16) } } },
        400,
        "bad_request",
        /publisher/,
      ],
      ["POST", url, { body: `"${"x".repeat(8 * 1024 ** 2)}"` }, 413, "too_large", /at most 8388608 bytes/],
      ["POST", "K3S/releases/v1", { body }, 400, "bad_request", /no name of an extension/],
      ["POST", "k3s%0A/releases/v1", { body }, 400, "bad_request", /no name of an extension/],
      ["POST", "k3s/releases/latest", { body }, 400, "bad_request", /no version/],
      ["POST", `${url}/commit`, { body: {} }, 428, "precondition_required", /no If-Match/],
      [
        "POST",
        `${url}/commit`,
        { body: {}, headers: { "if-match": "*" } },
        400,
        "precondition_required",
        /not one entity tag/,
      ],
      [
        "POST",
        `${url}/commit`,
        { body: {}, headers: { "if-match": '"x"' } },
        404,
        "no_draft",
        /no draft of k3s-v1.32.2\+k3s1/,
      ],
      ["PUT", `${url}/files/x.raw`, { body: "x", headers: { "if-match": '"x"' } }, 404, "no_draft", /no draft/],
      ["PUT", `${url}/files/x.raw`, { body: "x" }, 428, "precondition_required", /If-Match/],
      ["PUT", "k3s/index", { body: {}, headers: { "if-none-match": "*" } }, 400, "invalid", /text/],
      [
        "PUT",
        "k3s/index",
        { body: { text: "x\n", signatures: {} }, headers: { "if-none-match": "*" } },
        400,
        "invalid",
        /line 1/,
      ],
      ["POST", `${url}/yank`, { body: { reason: "" } }, 400, "invalid", /reason/],
      ["POST", `${url}/yank`, { body: { reason: "a\nb" } }, 400, "invalid", /reason/],
      ["POST", `${url}/yank`, { body: { reason: "broken" } }, 409, "conflict", /not published/],
      ["DELETE", `${url}/yank`, {}, 409, "conflict", /not published/],
      ["POST", "k3s/prune", { body: { keep: 0 } }, 400, "invalid", /keep/],
    ];
    for (const [method, path, request, status, code, message] of cases) {
      const answer = await it.ask(method, path, request);
      expect(answer.body.error, `${method} ${path} ${JSON.stringify(request).slice(0, 80)}`).toMatchObject({
        code,
        message: expect.stringMatching(message),
      });
      expect(answer.status).toBe(status);
      expect(answer.headers.get("cache-control")).toBe("no-store");
    }
    expect(await keys()).toEqual([]);
  });

  test("a release that is too large is refused before anything is uploaded", async () => {
    const small = await PublishingBakery.open({ MAX_RELEASE_BYTES: "50" });
    expect(await small.draft(release)).toMatchObject({ status: 413, body: { error: { code: "too_large" } } });
    const images = release.manifest.images.map((image) => ({ ...image, size: 5 * 1024 ** 3 }));
    const huge = { ...release, manifest: { ...release.manifest, images } };
    const any = await PublishingBakery.open({ MAX_RELEASE_BYTES: "99999999999" });
    expect((await any.draft(huge)).status).toBe(413);
    expect(await keys()).toEqual([]);
  });

  test("without a right nothing can be asked, and where nobody has one there is nothing to ask", async () => {
    for (const authorization of [
      "",
      "Bearer",
      "Bearer wrong",
      `Basic ${TOKEN}`,
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN} x`,
    ]) {
      const { status, headers, body } = await it.ask("POST", "k3s/releases/v1", { headers: { authorization } });
      expect([status, body.error.code], authorization).toEqual([401, "unauthorized"]);
      expect(headers.get("www-authenticate")).toBe("Bearer");
    }
    const closed = await PublishingBakery.open({ PUBLISH_TOKEN_SHA256: "" });
    for (const [method, path] of [
      ["POST", "k3s/releases/v1"],
      ["GET", "k3s/index"],
      ["POST", "k3s/prune"],
    ] as const) {
      expect((await closed.ask(method, path)).status).toBe(404);
    }
    expect((await (await PublishingBakery.open({ BUCKET: undefined })).draft(release)).status).toBe(404);
    expect((await (await PublishingBakery.open({ PUBLISH_TOKEN_SHA256: "password" })).draft(release)).status).toBe(500);
  });
});
