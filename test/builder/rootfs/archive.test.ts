/** Which of a machine's sources is Debian's own archive. */
import { describe, expect, it } from "vitest";
import { debianArchive } from "../../../builder/rootfs/debian/archive.ts";

describe("Debian's archive", () => {
  it.each([
    ["paragraphs", "Types: deb\nURIs: http://near.example/debian/\nSuites: bookworm bookworm-updates\n"],
    ["lines", "# deb http://old.example/debian buster main\ndeb http://near.example/debian bookworm main\n"],
    ["lines with options", "deb [arch=amd64 signed-by=/k.gpg] http://near.example/debian/ bookworm main\n"],
    [
      "sources of others, whose path ends alike",
      "deb https://docker.example/linux/debian bookworm stable\n\ndeb http://near.example/debian sid main\n",
    ],
    [
      "paragraphs that are switched off",
      "Enabled: no\nURIs: http://off.example/debian\n\nURIs: http://near.example/debian\nSuites: sid\n",
    ],
  ])("is found in %s", (_, sources) => {
    expect(debianArchive(sources)).toBe("http://near.example/debian");
  });

  it("may have any path if it has a release's updates", () => {
    const mirror = "https://mirror.example/pub/debian";
    expect(debianArchive(`deb ${mirror} bookworm main\ndeb ${mirror} bookworm-updates main\n`)).toBe(mirror);
  });

  it.each([
    ["Ubuntu's", "deb http://archive.example/ubuntu noble noble-updates main\n"],
    ["nothing", ""],
    ["one that only looks like it", "deb https://docker.example/linux/debian bookworm stable\n"],
  ])("is not found in %s", (_, sources) => {
    expect(debianArchive(sources)).toBeUndefined();
  });
});
