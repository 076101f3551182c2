/** Configurations on machines. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { ConfiguredSite } from "../support/configured-site.ts";
import { execute } from "../support/execute.ts";
import { guestUnavailable, testTree } from "../support/guests.ts";
import { Ignition } from "../support/ignition.ts";
import { describeWhere } from "../support/requirements.ts";

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

describeWhere(await guestUnavailable(), "x", () => {
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
  it("experiment", async () => {
    const tree = join(work, "tree");
    await execute("cp", ["--archive", await testTree(), tree]);
    const { text } = await site.configuration("restarted", { with: "enabled", format: "ignition" });
    const ignition = await Ignition.get();
    const applied = await ignition.apply(JSON.parse(text), work, tree);
    process.stderr.write(`${applied.exitCode} ${applied.stdout.slice(-600)}\n`);
    const presets = await readFile(join(tree, "etc/systemd/system-preset/20-ignition.preset"), "utf8");
    const pr = await execute("systemctl", [
      "--root",
      tree,
      "preset",
      ...[...presets.matchAll(/^enable (.*)$/gm)].map(([, u = ""]) => u),
    ]);
    process.stderr.write(`${presets} ${pr.stderr}`);
    const { stdout, console: said } = await site.run(
      tree,
      `
      set -x
      systemctl is-enabled systemd-sysext.service systemd-sysupdate.timer systemd-timesyncd.service
      systemd-sysext status
      systemctl is-active restarted.service enabled.service systemd-sysext.service
      cat /usr/share/restarted/version
      ls -l /etc/restarted.d/; id restarted
      ${site.publishNewer}
      systemctl start systemd-sysupdate.service; echo update: $?
      systemctl status --no-pager --lines=40 systemd-sysupdate.service
      cat /usr/share/restarted/version
      readlink /etc/extensions/*
      systemctl is-active restarted.service enabled.service
      `,
      {},
    );
    process.stderr.write(`${stdout}\n=====\n${said.slice(-9000)}\n`);
    expect(1).toBe(1);
  });
});
