/**
 * What Ignition says of the configuration of every extension here, alone and all on one machine. `ignition-validate`
 * decodes into types that are generated from Ignition's published JSON Schema, and warns of keys that it does not know:
 * so it has to say nothing at all.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Catalog } from "../../builder/catalog.ts";
import { lookUpIn } from "../../builder/configuration/known-extensions.ts";
import { hostConfiguration } from "../../schema/configuration/host-configuration.ts";
import { ignitionOf } from "../../schema/configuration/ignition.ts";
import { resolveChoice } from "../../schema/configuration/resolve-choice.ts";
import { type KnownExtension, makeConfiguration, parseChoice } from "../../schema/index.ts";
import { Ignition } from "../support/ignition.ts";
import { describeWhere } from "../support/requirements.ts";
import { clientUnavailable } from "../support/systemd-client.ts";

const BAKERY = { url: "https://b.example/x%20y", signed: true, keyringSha256: "b".repeat(64) };
const ACCEPTED = { exitCode: 0, stdout: "", stderr: "" };
const catalog = new Catalog();
const names = await catalog.names();

/** By its recipe, of a bakery that has one release of each. */
async function lookUp(name: string): Promise<KnownExtension | undefined> {
  const sha256 = "a".repeat(64);
  const images = (["x86-64", "arm64"] as const).map((arch) => ({ arch, sha256 }));
  const known = await lookUpIn(catalog)(name);
  return known && { ...known, releases: [{ version: "v1.32.2+k3s1", images }] };
}

describeWhere(await clientUnavailable(), "ignition-validate", () => {
  let ignition: Ignition;
  let work: string;
  beforeAll(async () => {
    ignition = await Ignition.get();
    work = await mkdtemp(join(tmpdir(), "ignition-"));
  });
  afterAll(() => rm(work, { recursive: true }));

  const validate = async (name: string, query: Readonly<Record<string, string>>) => {
    const choice = parseChoice(name, Object.entries({ ...query, format: "ignition" }));
    return ignition.validate(JSON.parse((await makeConfiguration(choice, BAKERY, lookUp)).text), work);
  };

  it.each(names)("has nothing to say against that of %s", async (name) => {
    expect(await validate(name, {})).toEqual(ACCEPTED);
  });

  it.each([
    ["docker", { with: "containerd" }],
    ["kubernetes", { with: "crio,cilium,nerdctl", systemd: "254" }],
    ["k3s", { version: "v1.32", with: "tailscale,consul,nomad,vault", systemd: "257", arch: "arm64" }],
    ["dataplaneapi", { follow: "off" }],
    ["chrony", { with: "keepalived,bird", systemd: "262", after: "nothing", verify: "false" }],
  ])("nor against that of %s and others, %j", async (name, query) => {
    expect(await validate(name, query)).toEqual(ACCEPTED);
  });

  it.each([undefined, 254, 257, 260, 262])(
    "nor against all of them on one machine, with systemd %s",
    async (systemd) => {
      const choice = { ...parseChoice("docker", []), ...(systemd !== undefined && { systemd }) };
      // More than anybody may ask for at once. So no pair of them is in each other's way.
      const resolved = await Promise.all(
        names.map((name) => resolveChoice({ ...choice, extensions: [{ name }] }, lookUp)),
      );
      const all = new Map(resolved.flatMap(({ installations }) => installations).map((one) => [one.name, one]));
      expect([...all.keys()].toSorted()).toEqual(names.toSorted());
      const host = hostConfiguration({ installations: [...all.values()], missing: [] }, choice, BAKERY);
      expect(await ignition.validate(ignitionOf(host), work)).toEqual(ACCEPTED);
    },
  );

  it("is heard where a key is unknown, a type is wrong, or a path is there twice (control)", async () => {
    const validated = (storage: object) => ignition.validate({ ignition: { version: "3.3.0" }, storage }, work);
    const link = { path: "/a", target: "/b" };
    expect((await validated({ links: [{ ...link, bogus: 1 }] })).stdout).toContain("Unused key bogus");
    expect(await validated({ links: [{ ...link, target: 1 }] })).toMatchObject({ exitCode: 1 });
    expect((await validated({ links: [link, link] })).stdout).toContain("duplicate entry");
  });
});
