/** What Debian's suites have of a package: real apt, and a small archive that is signed here. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { debianPackage } from "../../../builder/recipe/index.ts";
import { upstreamPart } from "../../../builder/versions/debian.ts";
import { describeWhere, lackForClients } from "../../support/requirements.ts";
import { SUITE, TinyArchive } from "../rootfs/tiny-archive.ts";
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
    const versions = { tool: "1:1.2.3+ds-4~deb12u1", early: "2.0~rc1-1" };
    archive = await TinyArchive.open(Object.entries(versions).map(([name, version]) => ({ name, version })));
    at = await Asking.open();
    env = { DEBIAN_ARCHIVE: archive.url, DEBIAN_KEYRING: archive.keyring };
  });
  afterAll(async () => {
    await at[Symbol.asyncDispose]();
    await archive[Symbol.asyncDispose]();
  });

  it("are listed by the upstream part of what a suite has; prereleases are none", async () => {
    const listed = [];
    for (const name of ["tool", "early"]) {
      listed.push(await at.list(debianPackage(name, SUITE), {}, env));
    }
    expect(listed).toEqual([["1.2.3+ds"], []]);
    expect(at.story).toContain(`• Asking Debian's ${SUITE}\n`);
  });

  it("are listed offline as the lists were that came before", async () => {
    const asked = archive.asked.length;
    expect(await at.list(debianPackage("tool", SUITE), { offline: true }, env)).toEqual(["1.2.3+ds"]);
    expect(archive.asked).toHaveLength(asked);
  });

  it("that a suite does not have are an error that names both, and so is a suite that is not there", async () => {
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
