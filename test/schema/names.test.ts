import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checkExtensionName,
  checkVersion,
  imageFile,
  isExtensionName,
  isVersion,
  minorSeries,
  parseImageFile,
  parseReleaseName,
  releaseName,
} from "../../schema/index.ts";
import { arch, extensionName, release, version } from "./arbitraries.ts";
import { readTable } from "./fixture.ts";

describe("an extension name", () => {
  test.each(["a", "ig", "k3s", "7zip", "docker-compose", "nvidia-runtime", "a-v", "v2", "a".repeat(64)])(
    "may be %s",
    (name) => {
      expect(isExtensionName(name)).toBe(true);
      expect(checkExtensionName(name)).toBe(name);
    },
  );

  test.each([
    ["is empty", ""],
    ["is longer than 64 characters", "a".repeat(65)],
    ["ends in a line feed", "docker\n"],
    ["has an upper-case letter", "Docker"],
    ["has a Cyrillic letter that looks like a Latin one", "d\u043ecker"],
    ["has full-width digits", "k\uFF13s"],
    ["has an accent", "caf\u00e9"],
    ["has a blank", "docker compose"],
    ["has a dot", "docker.compose"],
    ["has an underscore", "docker_compose"],
    ["has a slash", "docker/compose"],
    ["is a folder", ".."],
    ["begins with a dash", "-docker"],
    ["ends in a dash", "docker-"],
    ["has two dashes in a row", "docker--compose"],
    ["has a part that reads as a version", "docker-2"],
    ["has a part that reads as a version with v", "wasi-v2ray"],
    ["belongs to the built-in transfer file", "noop"],
    ["belongs to the view of the newest image", "latest"],
    ["would be taken for the layout's own folder", "extensions"],
  ])("is refused where it %s", (_, name) => {
    expect(isExtensionName(name)).toBe(false);
    expect(() => checkExtensionName(name)).toThrow("invalid extension name: ");
  });

  test("may begin as a reserved one", () => {
    expect(["noop-x", "noops", "latest-x", "extensions-x"].every(isExtensionName)).toBe(true);
  });
});

describe("a version", () => {
  test.each([
    "1",
    "v1",
    "1.2.3",
    "v1.32.2+k3s1",
    "1.18.0-rc.1",
    "20240101",
    "1_2",
    "1.0-x86-64",
    `1${"0".repeat(127)}`,
  ])("may be %s", (text) => {
    expect(isVersion(text)).toBe(true);
    expect(checkVersion(text)).toBe(text);
  });

  test.each([
    ["is empty", ""],
    ["is longer than 128 characters", `1${"0".repeat(128)}`],
    ["ends in a line feed", "1.2.3\n"],
    ["begins with a letter", "rc1"],
    ["begins with an upper-case V", "V1"],
    ["begins with two of v", "vv1"],
    ["is v alone", "v"],
    ["is the word latest", "latest"],
    ["begins with an Arabic-Indic digit", "\u0661.0"],
    ["has a tilde, which systemd 254 and 257 do not see", "1.0~rc1"],
    ["has a caret, which systemd 254 and 257 do not see", "1.0^git1"],
    ["has a comma, which systemd 262 does not see", "1,0"],
    ["has a slash", "1.0/../2"],
    ["has a blank", "1.0 "],
    ["has a percent sign", "1.0%2B1"],
  ])("is refused where it %s", (_, text) => {
    expect(isVersion(text)).toBe(false);
    expect(() => checkVersion(text)).toThrow("invalid version: ");
  });
});

describe("a release name", () => {
  test("is read as it was written, whatever the extension and the version", () => {
    fc.assert(
      fc.property(release, (it) => {
        expect(parseReleaseName(releaseName(it))).toEqual(it);
      }),
      { numRuns: 1000 },
    );
  });

  test("and so is an image's file name", () => {
    fc.assert(
      fc.property(release, arch, (it, forArch) => {
        expect(parseImageFile(imageFile(it, forArch))).toEqual({ ...it, arch: forArch });
      }),
      { numRuns: 1000 },
    );
  });

  test("is never an extension's name, so that no folder means two things", () => {
    fc.assert(fc.property(release, (it) => !isExtensionName(releaseName(it))));
  });

  test("belongs to one extension only", () => {
    fc.assert(
      fc.property(extensionName, version, extensionName, version, (e1, v1, e2, v2) => {
        const [one, other] = [releaseName({ extension: e1, version: v1 }), releaseName({ extension: e2, version: v2 })];
        expect(one === other).toBe(e1 === e2 && v1 === v2);
      }),
    );
  });

  test("of docker-compose is none of docker", () => {
    expect(parseReleaseName("docker-compose-2.30.0")).toEqual({ extension: "docker-compose", version: "2.30.0" });
    expect(parseReleaseName("docker-28.0.0-rc.1")).toEqual({ extension: "docker", version: "28.0.0-rc.1" });
  });

  test.each([
    "docker",
    "docker-",
    "-1.0",
    "1.0",
    "docker-compose",
    "noop-1.0",
    "docker-1.0\n",
    "docker-1.0/x",
    "Docker-1.0",
  ])("is not %j", (name) => {
    expect(parseReleaseName(name)).toBeUndefined();
  });

  test.each([
    "docker-1.0.raw",
    "docker-1.0-amd64.raw",
    "docker-1.0-arm64.raw\n",
    "docker-1.0-arm64",
    "docker-arm64.raw",
  ])("of an image is not to be had from %j", (file) => {
    expect(parseImageFile(file)).toBeUndefined();
  });
});

describe("minorSeries", () => {
  test.each([
    ["v1.32.2", "v1.32"],
    ["v1.32.2+k3s1", "v1.32"],
    ["1.7", "1.7"],
    ["1.10-rc1", "1.10"],
    ["2024.10.1", "2024.10"],
  ])("of %s is %s", (text, series) => {
    expect(minorSeries(text)).toBe(series);
  });

  test.each(["20240101", "v24", "1-2", "1.x"])("of %s is nothing, for it has no minor number", (text) => {
    expect(minorSeries(text)).toBeUndefined();
  });
});

describe("the reference's extensions", () => {
  const rows = readTable<"extension" | "versions">("extensions.tsv");

  test("are 35", () => expect(rows).toHaveLength(35));

  test.each(rows)("$extension and its released versions have valid names", ({ extension, versions }) => {
    expect(checkExtensionName(extension)).toBe(extension);
    for (const released of versions.split(" ").filter(Boolean)) {
      expect(parseReleaseName(`${extension}-${released}`)).toEqual({ extension, version: released });
    }
  });
});
