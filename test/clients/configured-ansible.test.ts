/**
 * Ansible's tasks by the real ansible-playbook, on a machine that runs: what comes of them is what the script makes, a
 * second run changes nothing, and `--check` tells what would be done and does none of it.
 */
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { ConfiguredSite, NEWER, OLDER } from "../support/configured-site.ts";
import { guestUnavailable, testTree } from "../support/guests.ts";
import { describeWhere } from "../support/requirements.ts";

vi.setConfig({ testTimeout: 1_200_000, hookTimeout: 400_000 });

const ALL = { with: "enabled" };
/** wget for the script, where there is no curl. */
const PACKAGES = ["ansible-core", "wget"];

const PLAY = `- hosts: localhost
  connection: local
  become: true
  gather_facts: false
  tasks:
    - ansible.builtin.import_tasks: "{{ tasks_file }}"
`;

/** What there is on the machine, in lines that can be compared. */
const STATE = `
for path in $(find /etc/extensions /etc/sysupdate* /etc/restarted.d /etc/systemd/system /opt ! -type d 2> /dev/null | sort); do
  echo "$path $(stat -c '%F %a %U %G %N' "$path") $([ -L "$path" ] || sha256sum < "$path")"
done
for name in restarted enabled; do
  [ ! -e /usr/share/$name/version ] || echo "$name $(cat /usr/share/$name/version) $(systemctl is-active $name.service)"
done
systemctl is-enabled systemd-sysext.service systemd-sysupdate.timer systemd-timesyncd.service
systemctl is-active systemd-sysext.service systemd-sysupdate.timer
getent passwd restarted | cut -d : -f 1,6,7
ls /run/*.changed /run/reboot-required 2> /dev/null
`;

/** Prints what Ansible has counted, and all that it has said where it has failed. */
const FUNCTIONS = `
state() { ${STATE} }
play() {
  tasks=$1
  shift
  ANSIBLE_NOCOLOR=1 ANSIBLE_PIPELINING=1 ANSIBLE_LOCALHOST_WARNING=false LC_ALL=C.UTF-8 ansible-playbook -i localhost, -e tasks_file=/root/$tasks.yaml "$@" /root/play.yaml > /root/said 2>&1 &&
    { awk '/^TASK/ { task = $0 } /^changed:/ { print task }' /root/said; sed -n 's/^localhost *: //p' /root/said; } ||
    tail -30 /root/said
}
`;

describeWhere(await guestUnavailable(), "ansible-playbook", () => {
  let site: ConfiguredSite;
  let tree: string;
  beforeAll(async () => {
    site = await ConfiguredSite.open();
    tree = await testTree(...PACKAGES);
  });
  afterAll(() => site[Symbol.asyncDispose]());
  afterEach(() => site.reset());

  const configuration = async (query: Readonly<Record<string, string>>) =>
    (await site.configuration("restarted", query)).text;
  const run = (script: string, files: Readonly<Record<string, string>>) =>
    site.run(tree, `${FUNCTIONS}${script}`, { "root/play.yaml": PLAY, ...files }, 900);

  it("makes of a machine what the script makes of it, and changes nothing the second time", async () => {
    const played = await run(
      `play all --syntax-check && echo "syntax"
       state > /root/before; echo "== check"; play all --check; state | diff /root/before - && echo "as before"
       echo "== first"; play all; sleep 1; echo "== state"; state
       echo "== second"; play all; echo "== check"; play all --check; echo "== state"; state
       ${site.publishNewer} > /dev/null; systemctl start systemd-sysupdate.service || echo failed
       state > /root/before; echo "== updated"; play all; state | diff /root/before - && echo "as before"
       grep '^restarted ' /root/before`,
      { "root/all.yaml": await configuration({ ...ALL, format: "ansible" }) },
    );
    await site.reset();
    const scripted = await run(
      "mv /usr/bin/curl /root/away; sh /root/configure > /root/said 2>&1 || cat /root/said; sleep 1; state",
      { "root/configure": await configuration({ ...ALL, format: "shell" }) },
    );
    const parts = played.stdout.split(/^== \w+\n/m);
    const [syntax, check, first, state, second, checkAgain, after, updated] = parts;
    expect(syntax, played.console).toContain("syntax\n");
    expect(scripted.stdout, scripted.console).toContain(`restarted ${OLDER} active\nenabled ${OLDER} active\n`);
    expect(state, `${first}${played.console}`).toBe(scripted.stdout);
    expect(after).toBe(state);
    // Of a machine that has none of it, not all can be known: such errors are shown, and end nothing.
    expect(check).toMatch(/changed=\d+ +unreachable=0 +failed=0 /);
    const counted = /ok=\d+ +changed=(?<changed>\d+) +unreachable=0 +failed=0 /;
    expect(Number(counted.exec(first ?? "")?.groups?.changed), first).toBeGreaterThan(10);
    for (const again of [second, checkAgain]) expect(again).toMatch(/changed=0 +unreachable=0 +failed=0 /);
    expect(updated).toMatch(/^ok=\d+ +changed=0 +unreachable=0 +failed=0 /);
    expect(updated).toContain(`as before\nrestarted ${NEWER} active\n`);
    expect(Number(counted.exec(check ?? "")?.groups?.changed), check).toBeGreaterThan(10);
    expect(check).toContain("as before\n");
  });
});
