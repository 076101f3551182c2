import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  GLOBAL_INDEX,
  imageFile,
  indexLocator,
  type Locator,
  type PublicPath,
  parsePublicPath,
  publicPath,
  releaseName,
  storageKey,
} from "../../schema/index.ts";
import { arch, extensionName, release } from "./arbitraries.ts";
import { readTable } from "./fixture.ts";

const DOWNLOADS = "https://github.com/flatcar/sysext-bakery/releases/download/";

describe("the reference's server, recorded", () => {
  const rows = readTable<"method" | "path" | "status" | "location">("url-examples.tsv");

  test("has many answers", () => expect(rows.length).toBeGreaterThan(150));

  test.each(rows)("$method $path leads to the same file", ({ path, location }) => {
    // As the worker does: the URL parser drops the query and resolves dots, then the path is decoded once.
    const pathname = decodeURIComponent(new URL(`https://bakery.example${path}`).pathname);
    const found = parsePublicPath(pathname);
    expect(found && `${DOWNLOADS}${storageKey(found.at)}`).toBe(location.startsWith(DOWNLOADS) ? location : undefined);
  });
});

/** What Go's regular expressions do and JavaScript's do only if told to; not in the recorded table. */
describe("the reference's patterns, ported", () => {
  test.each([
    ["a carriage return", "\r"],
    ["a line separator", "\u2028"],
    ["a paragraph separator", "\u2029"],
    ["a code point of two units", "\u{1F600}"],
    ["a dash", "-"],
    ["a letter", "x"],
    ["a slash", "/"],
  ])("take %s for the dot before raw and conf", (_, dot) => {
    expect(parsePublicPath(`/extensions/docker-1-arm64${dot}raw`)?.at).toEqual({
      release: "docker-1",
      file: "docker-1-arm64.raw",
    });
    expect(parsePublicPath(`/extensions/docker${dot}conf`)?.at).toEqual({ release: "docker", file: "docker.conf" });
  });

  test("refuse a line feed there, and before /extensions/", () => {
    expect(parsePublicPath("/extensions/docker-1-arm64\nraw")).toBeUndefined();
    expect(parsePublicPath("/extensions/docker\nconf")).toBeUndefined();
    expect(parsePublicPath("/a\nb/extensions/docker-1-arm64.raw")).toBeUndefined();
    expect(parsePublicPath("/extensions/docker-1-arm64.raw\n")).toBeUndefined();
  });

  test("want one character there, not none and not two", () => {
    expect(parsePublicPath("/extensions/docker-1-arm64raw")).toBeUndefined();
    expect(parsePublicPath("/extensions/docker-1-arm64..raw")).toBeUndefined();
  });

  test.each(["docker.raw", "a-x86-64.raw", "a--x86-64.raw", "-1-x86-64.raw"])("do not take %s for an image", (file) => {
    expect(parsePublicPath(`/extensions/${file}`)).toBeUndefined();
  });

  test("take the last /extensions/, and any folders between it and an image", () => {
    expect(parsePublicPath("/a/extensions/b/c/extensions/d/e/docker-1-x86-64.raw")?.at.release).toBe("docker-1");
    expect(parsePublicPath("/a/extensions/b/extensions/docker.conf")?.at.release).toBe("docker");
  });

  test("take nothing before an index", () => {
    expect(parsePublicPath("/a/extensions/SHA256SUMS")).toBeUndefined();
    expect(parsePublicPath("/a/extensions/docker/SHA256SUMS")).toBeUndefined();
    expect(parsePublicPath("/extensions/docker/x/SHA256SUMS")).toBeUndefined();
  });
});

describe("what the reference's server does not have", () => {
  test("a transfer file is also called .transfer, as systemd 257 wants it", () => {
    for (const path of ["docker", "docker/docker", "docker-1.0/docker", "kubernetes/kubernetes-v1.32"]) {
      expect(parsePublicPath(`/extensions/${path}.transfer`)).toEqual(parsePublicPath(`/extensions/${path}.conf`));
    }
    expect(parsePublicPath("/extensions/dockerxtransfer")).toBeUndefined();
    expect(parsePublicPath("/extensions/.transfer")).toBeUndefined();
  });

  test("a minor series has an index of its own, with the signatures that clients ask for", () => {
    const at = { release: "kubernetes", file: "SHA256SUMS" };
    expect(parsePublicPath("/extensions/kubernetes/v1.34/SHA256SUMS")).toEqual({ kind: "index", at, series: "v1.34" });
    expect(parsePublicPath("/extensions/docker/28.0/SHA256SUMS.sha256.asc")).toEqual({
      kind: "signature",
      at: { release: "docker", file: "SHA256SUMS.sha256.asc" },
      series: "28.0",
    });
    for (const series of ["v1", "1.2.3", "latest", "v1.x", ""]) {
      expect(parsePublicPath(`/extensions/kubernetes/${series}/SHA256SUMS`)?.kind).toBeUndefined();
    }
  });

  test("the newest image has a name that stays, of all versions and of a series", () => {
    const at = { release: "kubernetes", file: "arm64.raw" };
    const latest = { kind: "latest", arch: "arm64", at };
    expect(parsePublicPath("/extensions/kubernetes/latest/arm64.raw")).toEqual(latest);
    expect(parsePublicPath("/extensions/kubernetes/v1.34/latest/arm64.raw")).toEqual({ ...latest, series: "v1.34" });
    expect(parsePublicPath("/extensions/kubernetes/latest/amd64.raw")).toBeUndefined();
    expect(parsePublicPath("/extensions/latest/arm64.raw")).toBeUndefined();
  });

  test("an extension has feeds, and so have all together", () => {
    const [atom, json] = [
      { kind: "atom-feed", at: { release: "k3s", file: "feed.atom" } },
      { kind: "json-feed", at: { release: ".feed", file: "feed.json" } },
    ] as const;
    expect(parsePublicPath("/extensions/k3s/feed.atom")).toEqual(atom);
    expect(parsePublicPath("/feed.json")).toEqual(json);
    expect([publicPath(atom.at), publicPath(json.at)]).toEqual(["/extensions/k3s/feed.atom", "/feed.json"]);
    for (const path of ["/extensions/feed.atom", "/extensions/.feed/feed.atom", "/x/feed.json", "/recent.json"]) {
      expect(parsePublicPath(path)).toBeUndefined();
    }
  });

  test("an image has a manifest beside it, wherever the image is found", () => {
    const at = { release: "k3s-v1.32.2+k3s1", file: "k3s-v1.32.2+k3s1-arm64.manifest.gz" };
    for (const folder of ["", "k3s/", "k3s/v1.32/"]) {
      const path = `/extensions/${folder}${at.file}`;
      expect(parsePublicPath(path)).toEqual({ kind: "mkosi-manifest", arch: "arm64", at });
    }
    expect(parsePublicPath("/extensions/k3s/k3s-arm64.manifest.gz")).toBeUndefined();
  });
});

describe("a signature", () => {
  // systemd 254 and 257 ask for the third; 262 asks for all four, in this order.
  test.each(["SHA256SUMS.sha256.asc", "SHA256SUMS.sha256.gpg", "SHA256SUMS.gpg", "SHA256SUMS.asc"])(
    "may be called %s, of one extension and of all",
    (file) => {
      expect(parsePublicPath(`/extensions/docker/${file}`)).toEqual({
        kind: "signature",
        at: { release: "docker", file },
      });
      expect(parsePublicPath(`/extensions/${file}`)).toEqual({
        kind: "signature",
        at: { release: GLOBAL_INDEX.release, file },
      });
    },
  );

  test.each(["SHA256SUMS.sig", "SHA256SUMSxgpg", "SHA256SUMS.sha256", "SHA256SUMS.gpg.asc", "sha256sums.gpg"])(
    "is never called %s",
    (file) => {
      expect(parsePublicPath(`/extensions/docker/${file}`)).toBeUndefined();
    },
  );
});

describe("the public path of a file", () => {
  const cases: [PublicPath["kind"], fc.Arbitrary<Locator>][] = [
    [
      "image",
      fc.tuple(release, arch).map(([it, forArch]) => ({ release: releaseName(it), file: imageFile(it, forArch) })),
    ],
    ["transfer", extensionName.map((it) => ({ release: it, file: `${it}.conf` }))],
    ["transfer", release.map((it) => ({ release: releaseName(it), file: `${it.extension}.conf` }))],
    ["transfer", release.map((it) => ({ release: it.extension, file: `${releaseName(it)}.conf` }))],
    ["index", fc.option(extensionName, { nil: undefined }).map(indexLocator)],
    ["index", release.map((it) => indexLocator(releaseName(it)))],
    [
      "signature",
      fc
        .tuple(fc.option(extensionName), fc.constantFrom("gpg", "asc", "sha256.asc", "sha256.gpg"))
        .map(([it, suffix]) => ({ release: it ?? GLOBAL_INDEX.release, file: `SHA256SUMS.${suffix}` })),
    ],
    ["release-manifest", release.map((it) => ({ release: releaseName(it), file: "release.json" }))],
    ["inventory", extensionName.map((it) => ({ release: it, file: "releases.json" }))],
  ];

  test.each(cases)("leads back to it: %s", (kind, locator) => {
    fc.assert(
      fc.property(locator, (at) => {
        expect(parsePublicPath(publicPath(at))).toMatchObject({ kind, at });
      }),
      { numRuns: 300 },
    );
  });

  test("is what systemd-sysupdate asks for: every image in its extension's folder", () => {
    expect(publicPath({ release: "docker-compose-2.30.0", file: "docker-compose-2.30.0-arm64.raw" })).toBe(
      "/extensions/docker-compose/docker-compose-2.30.0-arm64.raw",
    );
    expect(publicPath({ release: "docker", file: "SHA256SUMS" })).toBe("/extensions/docker/SHA256SUMS");
    expect(publicPath({ release: "docker", file: "docker.conf" })).toBe("/extensions/docker.conf");
    expect(publicPath(GLOBAL_INDEX)).toBe("/extensions/SHA256SUMS");
  });
});

describe("a path of another's making", () => {
  test.each([
    "",
    "/",
    "/extensions",
    "/extensions/",
    "/extensions/docker",
    "/extensions/docker/",
    "/api/v1/extensions",
  ])("%j is no file", (path) => {
    expect(parsePublicPath(path)).toBeUndefined();
  });

  test("never has a release or a file of more than one folder", () => {
    const path = fc
      .array(
        fc.constantFrom("/extensions/", "/", "-", "a", "1", "x86-64", "arm64", ".", "raw", "conf", "\n", "SHA256SUMS"),
      )
      .map((parts) => `/extensions/${parts.join("")}`);
    fc.assert(
      fc.property(path, (it) => {
        const { release = "x", file = "x" } = parsePublicPath(it)?.at ?? {};
        expect(`${release}${file}`).not.toContain("/");
        expect(release).not.toBe("");
        expect(file).not.toBe("");
      }),
      { numRuns: 2000 },
    );
  });

  test("is read up to R2's longest key, and no further", () => {
    const longest = `/${"x".repeat(1024 - 31)}/extensions/docker-1-arm64.raw`;
    expect(longest).toHaveLength(1024);
    expect(parsePublicPath(longest)?.kind).toBe("image");
    expect(parsePublicPath(`/x${longest.slice(1)}`)).toBeUndefined();
  });

  // The worst that were found for the patterns' backtracking; each takes some milliseconds.
  test.each([
    ["many folders named extensions, then dashes", `${"/extensions/".repeat(28)}${"-".repeat(680)}xraw`],
    ["dashes only", `/extensions/${"-".repeat(1000)}`],
    ["many arches", `/extensions/${"-arm64".repeat(160)}\nraw`],
    ["many folders", `/extensions${"/-".repeat(500)}raw`],
    ["many transfer files", `${"/extensions/a".repeat(70)}/b/c.conf\n`],
  ])("is refused and not got stuck in: %s", (_, path) => {
    expect(path.length).toBeLessThanOrEqual(1024);
    expect(parsePublicPath(path)).toBeUndefined();
  });
});
