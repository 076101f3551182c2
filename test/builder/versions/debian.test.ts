/** What Debian's suites have of a package: real apt, and a small archive that is signed here. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { debianPackage } from "../../../builder/recipe/index.ts";
import { upstreamPart } from "../../../builder/rootfs/debian/spec.ts";
import { describeWhere, lackForClients } from "../../support/requirements.ts";
import { EMPTY_SUITE, SUITE, TinyArchive } from "../rootfs/tiny-archive.ts";
import { Asking } from "./asking.ts";

it.each([
  ["1.2.3-4", "1.2.3"],
  ["1:1.2.3+ds-4~deb12u1", "1.2.3+ds"],
  ["3.0-pl2-1+b1", "3.0-pl2"],
  ["1.1.2+b3", "1.1.2"],
])("of Debian's version %s upstream's part is %s", (version, part) => {
  expect(upstreamPart(version)).toBe(part);
});

describeWhere(lackForClients(), "Debian's packages", () => {
  let archive: TinyArchive;
  let at: Asking;
  let env: Record<string, string>;

  beforeAll(async () => {
    archive = await TinyArchive.open([{ name: "tool", version: "1:1.2.3+ds-4~deb12u1" }]);
    at = await Asking.open();
    env = { DEBIAN_ARCHIVE: archive.url, DEBIAN_KEYRING: archive.keyring };
  });
  afterAll(async () => {
    await at[Symbol.asyncDispose]();
    await archive[Symbol.asyncDispose]();
  });

  it("are listed by the upstream part, of the suites that have them; the story says which one has not", async () => {
    expect(await at.list(debianPackage("tool", EMPTY_SUITE, SUITE), {}, env)).toEqual(["1.2.3+ds"]);
    expect(at.story).toEqual([`• Asking Debian's ${SUITE}\n`, `  ${EMPTY_SUITE} has no tool\n`]);
  });

  it("are listed offline as the lists were that came before", async () => {
    const asked = archive.asked.length;
    expect(await at.list(debianPackage("tool", SUITE), { offline: true }, env)).toEqual(["1.2.3+ds"]);
    expect(archive.asked).toHaveLength(asked);
  });

  it("that no suite has are an error that names it, and so is a suite that is not there", async () => {
    await expect(at.list(debianPackage("tol", SUITE), {}, env)).rejects.toMatchObject({
      message: `Debian's package tol in ${SUITE} cannot be listed: there is no package tol`,
      details: { suite: SUITE, archive: archive.url },
      hint: "see https://packages.debian.org",
    });
    await expect(at.list(debianPackage("tool", "tny"), {}, env)).rejects.toThrow(
      "Debian's package tool in tny cannot be listed: ",
    );
  });
});
