/**
 * Configurations on machines: the real Ignition applies one and the machine boots with it; the script does the same to
 * one that runs; and the timer's service brings what is published then.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { run } from "../../builder/system/run.ts";
import { ConfiguredSite, NEWER, OLDER } from "../support/configured-site.ts";
import { guestUnavailable, testTree } from "../support/guests.ts";
import { Ignition } from "../support/ignition.ts";
import { describeWhere } from "../support/requirements.ts";

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const PRESET = "etc/systemd/system-preset/20-ignition.preset";
const TWO = { with: "enabled" };

/** What there is on the machine, in lines that can be compared. */
const STATE = `
for name in restarted enabled waiting; do
  [ ! -e /usr/share/$name/version ] || echo "$name $(cat /usr/share/$name/version) $(systemctl is-active $name.service)"
done
systemctl is-enabled systemd-sysext.service systemd-sysupdate.timer systemd-timesyncd.service
systemctl is-active systemd-sysext.service systemd-sysupdate.timer
for path in /etc/sysupdate*.d/* /etc/restarted.d/* /etc/systemd/system/systemd-sys*.d/* /opt/extensions/*/*; do
  [ ! -e "$path" ] || echo "$path $(stat -c '%F %a %U %G' "$path") $(cat "$path" | sha256sum)"
done
for path in /etc/extensions/* /etc/systemd/system/multi-user.target.wants/enabled.service; do
  echo "$path $(readlink -f "$path")"
done
getent passwd restarted | cut -d : -f 1,6,7
[ ! -e /run/reboot-required ] || echo reboot required
`;
const UPDATE = "systemctl start systemd-sysupdate.service || echo failed";

describeWhere(await guestUnavailable(), "a machine with a configuration", () => {
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

  /** A tree as Ignition leaves it; systemd applies presets at a first boot, which this stands for. */
  async function provisioned(query: Readonly<Record<string, string>>): Promise<string> {
    const tree = join(work, `tree-${Object.values(query).join("-")}`);
    await run("cp", ["--archive", await testTree(), tree]);
    const { text } = await site.configuration("restarted", { ...query, format: "ignition" });
    const applied = await (await Ignition.get()).apply(JSON.parse(text), work, tree);
    expect(applied.exitCode, applied.stdout).toBe(0);
    const enabled = [...(await readFile(join(tree, PRESET), "utf8")).matchAll(/^enable (\S+)$/gm)];
    await run("systemctl", ["--root", tree, "preset", ...enabled.map(([, unit = ""]) => unit)]);
    return tree;
  }

  it("has it merged at its first boot with its services running, and gets a newer release from its timer's service", async () => {
    const { stdout, console } = await site.run(
      await provisioned(TWO),
      `${STATE} echo ==; ${site.publishNewer} > /dev/null; ${UPDATE}; ${STATE}`,
    );
    const [before = "", after = ""] = stdout.split("==\n");
    expect(before, console).toContain(
      `restarted ${OLDER} active\nenabled ${OLDER} active\nenabled\nenabled\nmasked\nactive\nactive\n`,
    );
    expect(before).toContain("/etc/restarted.d/own.conf regular file 640 root restarted ");
    expect(before).toContain("restarted:/var/lib/restarted:/sbin/nologin\n");
    expect(after, console).toContain(`restarted ${NEWER} active\nenabled ${NEWER} active\n`);
    expect(after).toContain(`/etc/extensions/restarted.raw /opt/extensions/restarted/restarted-${NEWER}-x86-64.raw\n`);
    expect(stdout).not.toMatch(/failed|reboot required/);
  });

  it("is the same where the script was run, which changes nothing when it is run again, and takes back no update", async () => {
    const { text } = await site.configuration("restarted", { ...TWO, format: "shell" });
    const files = { "root/configure": text };
    const again = `sh /root/configure > /root/again 2>&1 || echo failed; grep -v "stays" /root/again || true`;
    const scripted = await site.run(
      await testTree(),
      `sh /root/configure >&2 || echo failed; sleep 1; ${STATE} echo ==; ${again}; ${STATE} echo ==
       ${site.publishNewer} > /dev/null; ${UPDATE}; ${again}; ${STATE}`,
      files,
    );
    await site.reset();
    const ignited = await site.run(await provisioned({ ...TWO, after: "advised" }), STATE);
    const [first, second, updated] = scripted.stdout.split("==\n");
    expect(first, scripted.console).toBe(ignited.stdout);
    expect(second).toBe(first);
    expect(updated, scripted.console).toContain(`restarted ${NEWER} active\nenabled ${NEWER} active\n`);
    expect(updated).not.toContain("failed");
  });

  it("stays as it is until it boots, and asks for that, where one of its extensions waits", async () => {
    const { stdout, console } = await site.run(
      await provisioned({ with: "waiting", systemd: "257" }),
      `${site.publishNewer} > /dev/null; ${UPDATE}; ${STATE}`,
    );
    expect(stdout, console).toContain(`restarted ${OLDER} active\nwaiting ${OLDER} active\n`);
    expect(stdout).toContain(`/etc/extensions/waiting.raw /opt/extensions/waiting/waiting-${NEWER}-x86-64.raw\n`);
    expect(stdout).toContain("/etc/sysupdate.waiting.d/waiting.transfer regular file 644 root root ");
    expect(stdout).toMatch(/reboot required\n$/);
  });
});
