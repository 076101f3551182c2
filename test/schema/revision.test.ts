/** Revisions: where they stand in systemd's order, and where they would stand wrongly. */
import { describe, expect, it } from "vitest";
import { compareVersions, isVersion, minorSeries, overtakes, parseRevision, withRevision } from "../../schema/index.ts";

describe("a revision", () => {
  it.each([
    ["2.3.4", "2.3.4", 0],
    ["2.3.4+r1", "2.3.4", 1],
    ["v1.32.2+k3s1+r12", "v1.32.2+k3s1", 12],
    ["v1.32.2+rke2r1", "v1.32.2+rke2r1", 0],
    ["2.3.4+r0", "2.3.4+r0", 0],
    ["2.3.4+r01", "2.3.4+r01", 0],
    ["2.3.4+r1-x", "2.3.4+r1-x", 0],
  ])("is read from %s", (version, upstream, revision) => {
    expect(parseRevision(version)).toEqual({ upstream, revision });
    expect(withRevision({ upstream, revision })).toBe(version);
    expect(isVersion(version)).toBe(true);
    expect(minorSeries(version)).toBe(minorSeries(upstream));
  });

  it.each([
    ["2.3.4", "2.3.5"],
    ["v1.32.2", "v1.32.3"],
    ["v1.32.2+k3s1", "v1.32.2+k3s2"],
    ["v1.32.2+rke2r1", "v1.32.2+rke2r2"],
    ["1.20261117.1", "1.20261118.0"],
  ])("of %s is newer than it, ordered by its number, and older than %s", (version, next) => {
    const chain = [version, `${version}+r1`, `${version}+r2`, `${version}+r10`, next, `${next}+r1`];
    expect(chain.toReversed().sort(compareVersions)).toEqual(chain);
    expect(overtakes(`${version}+r10`, next)).toBe(false);
  });

  it.each([
    ["1.1+r1", "1.1.1", true],
    ["3.5+r1", "3.5a", true],
    ["1.1+r1", "1.1", false],
    ["1.1+r1", "1.1+r2", false],
    ["1.1+r2", "1.1+r1", false],
    ["1.1+r1", "1.0", false],
    ["1.1", "1.1.1", false],
  ])("%s overtakes %s: %s", (revised, later, expected) => {
    expect(overtakes(revised, later)).toBe(expected);
  });
});
