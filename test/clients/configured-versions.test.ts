/**
 * A configuration for machines of a certain systemd, by systemd-sysupdate of that version: what Ignition has put there
 * brings a newer release when it comes, without a warning, and its drop-ins are for units that this version has.
 */
import { mkdir, mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { ConfiguredSite, NEWER, OLDER } from "../support/configured-site.ts";
import { exists } from "../support/debian.ts";
import { Ignition } from "../support/ignition.ts";
import { mergingUnavailable } from "../support/merged.ts";
import { describeWhere } from "../support/requirements.ts";
import { clientUnavailable, SYSUPDATE_VERSIONS, sysupdateClient } from "../support/systemd-client.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 240_000 });

const image = (version: string) => `waiting-${version}-x86-64.raw`;

describeWhere((await mergingUnavailable()) ?? (await clientUnavailable()), "a machine that was configured", () => {
  let site: ConfiguredSite;
  let work: string;
  beforeAll(async () => {
    site = await ConfiguredSite.open();
    work = await mkdtemp(join(tmpdir(), "configured-"));
  });
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
    await rm(work, { recursive: true });
  });
  afterEach(() => site.reset());

  async function provisioned(query: Readonly<Record<string, string>>) {
    const tree = await mkdtemp(join(work, "tree-"));
    await mkdir(join(tree, "etc"));
    const { text, host } = await site.configuration("waiting", { ...query, format: "ignition" });
    const applied = await (await Ignition.get()).apply(JSON.parse(text), work, tree);
    expect(applied.exitCode, applied.stdout).toBe(0);
    return { tree, host };
  }

  it.each(
    SYSUPDATE_VERSIONS.flatMap((version) => [
      { version, query: { systemd: String(version), follow: "every" }, suffix: version === 254 ? "conf" : "transfer" },
      { version, query: { systemd: String(version), follow: "series" }, suffix: version === 254 ? "conf" : "transfer" },
      // Who does not know the version gets what all of them understand; later ones warn of it.
      { version, query: { follow: "every" }, suffix: "conf" },
    ]),
  )("follows the bakery with systemd $version, by $query", async ({ version, query, suffix }) => {
    const { tree, host } = await provisioned(query);
    const client = (await sysupdateClient(version)).inTree(tree);
    const definitions = await readdir(join(tree, "etc/sysupdate.waiting.d"));
    expect(definitions).toEqual([query.follow === "series" ? `waiting-1.0.${suffix}` : `waiting.${suffix}`]);

    const link = async () => basename(await readlink(join(tree, "etc/extensions/waiting.raw")));
    expect(await link()).toBe(image(OLDER));
    const before = await client.sysupdate("-C", "waiting", "update");
    expect(before, before.stderr).toMatchObject({ exitCode: 0 });
    expect(await link()).toBe(image(OLDER));

    await site.publish(NEWER);
    const { exitCode, stderr } = await client.sysupdate("-C", "waiting", "update");
    expect(exitCode, stderr).toBe(0);
    // (1.1.0 is no patch release of 1.0.)
    expect(await link()).toBe(image(query.follow === "series" ? OLDER : NEWER));
    // As the documentation has it, the target has the source's pattern, which it tells as well.
    const warnings = stderr.split("\n").filter((line) => /deprecat|ignor|unknown|[.]transfer/i.test(line));
    const others = warnings.filter((line) => !/lacks MatchPattern= expression. Assuming same value/.test(line));
    expect(others.length > 0, stderr).toBe(version !== 254 && suffix === "conf");

    // What the timer's own service runs after that: it fails where it finds no definition at all.
    expect(await client.sysupdate("check-new")).toMatchObject({ stdout: "" });
    expect((await client.sysupdate("list")).exitCode).toBe(0);

    const units = host.units.filter(({ name }) => name.startsWith("systemd-sysupdate")).map(({ name }) => name);
    expect(units).not.toEqual([]);
    const own = join(client.root, "usr/lib/systemd/system");
    const folder = (await exists(own)) ? own : join(client.root, "lib/systemd/system");
    expect((await readdir(folder)).filter((name) => units.includes(name)).toSorted()).toEqual(units.toSorted());
    for (const unit of units.filter((name) => name.endsWith(".service"))) {
      const text = await readFile(join(tree, "etc/systemd/system", `${unit}.d`, "waiting.conf"), "utf8");
      expect(text).toContain("/usr/lib/systemd/systemd-sysupdate -C waiting update\n");
    }
  });
});
