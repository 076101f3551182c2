/**
 * The script where something is wrong: it says so and leaves the machine as it was; where it is cut off, the next run ends
 * as one would that was not; and an older version than the machine's is what was asked for, or stays away.
 */
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { ConfiguredSite, NEWER, OLDER } from "../support/configured-site.ts";
import { guestUnavailable, testTree } from "../support/guests.ts";
import { describeWhere } from "../support/requirements.ts";

vi.setConfig({ testTimeout: 400_000, hookTimeout: 240_000 });

const TWO = { with: "enabled", format: "shell" };
const OF_OLDER = { ...TWO, version: OLDER, with: `enabled@${OLDER}` };

/** Files, links and units; what runs, of which version, and what is still to be done. */
const STATE = `
find /etc /opt ! -type d -printf '%p %y %m %u %g %s %l\\n' | grep -v '^/etc/\\(group\\|gshadow\\|passwd\\|shadow\\|[.]pwd.lock\\|machine-id\\|[^ ]*-\\) ' | sort
for name in restarted enabled; do
  [ ! -e /usr/share/$name/version ] || echo "$name $(cat /usr/share/$name/version) $(systemctl is-active $name.service)"
done
systemctl is-enabled systemd-sysext.service systemd-sysupdate.timer systemd-timesyncd.service
systemctl is-active systemd-sysext.service systemd-sysupdate.timer
systemctl show --property NeedDaemonReload --value systemd-sysupdate.service
getent passwd restarted
ls /run/*.changed /run/reboot-required 2> /dev/null
`;

/** Runs a script that has to fail, and says what it has said, and what is other than before. */
const FAILS = `
chmod +x /root/machine/uname
state() { ${STATE} }
state > /root/before
fails() {
  echo "== $1"
  shift
  "$@" < /root/configure > /root/said 2>&1 && echo "it has not failed"
  grep '^error: ' /root/said
  state | diff /root/before - && echo "as before"
}
without() {
  mv "$1" /root/away
  fails "without $1" sh
  mv /root/away "$1"
}
`;

/** In place of programs: ends whoever calls the n-th of them, and does not do what it is called for. */
const CUTTER = `#!/bin/sh
count=$(($(cat /root/count) + 1))
echo $count > /root/count
[ "$count" != "$(cat /root/last)" ] || kill -KILL $PPID
PATH=/usr/bin:/usr/sbin exec "\${0##*/}" "$@"
`;

/** The older version, then the newer one; each run that is cut off gets a step further than the one before. */
function ends(how: "whole" | "cut"): string {
  return `
state() { ${STATE} }
whole() { sh "$1" > /root/said 2>&1 || cat /root/said; }
cut() {
  for last in $(seq 200); do
    echo 0 > /root/count
    echo "$last" > /root/last
    if PATH=/root/cut:$PATH sh "$1" > /root/said 2>&1; then break; fi
  done
  echo "$last" >> /root/runs
}
started() { systemctl show --property ActiveEnterTimestampMonotonic --value restarted.service; }
chmod +x /root/cut/mv
for name in curl ln rm systemctl; do ln -s mv /root/cut/$name; done
${how} /root/older
sleep 1
state
before=$(started)
${how} /root/newer
sleep 1
state
[ "$before" = "$(started)" ] || echo "started anew"
find / -xdev -name '*.new.[0-9]*' 2> /dev/null
`;
}

describeWhere(await guestUnavailable(), "the script of a configuration", () => {
  let site: ConfiguredSite;
  beforeAll(async () => {
    site = await ConfiguredSite.open();
  });
  afterAll(() => site[Symbol.asyncDispose]());
  afterEach(() => site.reset());

  const script = async (query: Readonly<Record<string, string>>) => (await site.configuration("restarted", query)).text;

  it("leaves the machine as it was and says why, where it cannot do all of it", async () => {
    const text = await script(TWO);
    const nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups sh";
    // The second of two: the first one has come by then.
    await site.bakery.tamper({ extension: "enabled", version: OLDER }, (bytes) => bytes.with(9, (bytes[9] ?? 0) ^ 1));
    const { stdout, console } = await site.run(
      await testTree(),
      `${FAILS}
       fails "no root" ${nobody}
       fails "another machine" env PATH=/root/machine:$PATH sh
       without /usr/bin/curl
       without /usr/lib/systemd/systemd-sysupdate
       mv /root/away-server /root/configure && fails "no server" sh
       mv /root/later-systemd /root/configure && fails "later systemd" sh
       mv /root/right /root/configure && fails "another image" sh
       touch /etc/extensions/restarted.raw 2> /dev/null || { mkdir /etc/extensions; touch /etc/extensions/restarted.raw; }
       state > /root/before
       fails "own image" sh`,
      {
        "root/configure": text,
        "root/right": text,
        "root/away-server": text.replaceAll(site.bakery.url, "http://127.0.0.1:9"),
        "root/later-systemd": await script({ ...TWO, systemd: "262" }),
        "root/machine/uname": "#!/bin/sh\necho riscv64\n",
      },
    );
    const url = `${site.bakery.url}/extensions`;
    expect(stdout, console).toMatch(
      [
        "== no root\nerror: this needs root\nas before",
        "== another machine\nerror: these images are for x86-64\nas before",
        "== without /usr/bin/curl\nerror: downloads need curl or wget\nas before",
        "== without /usr/lib/systemd/systemd-sysupdate\nerror: this machine has no systemd-sysupdate, which updates need\nas before",
        `== no server\nerror: http://127.0.0.1:9/extensions/restarted/restarted-${OLDER}-x86-64.raw cannot be downloaded\nas before`,
        "== later systemd\nerror: this machine's systemd has no systemd-sysupdate-update.timer: is it of another version?\nas before",
        "== another image\n",
      ].join("\n"),
    );
    expect(stdout).toMatch(
      new RegExp(
        `\nerror: ${url}/enabled/enabled-${OLDER}-x86-64.raw has another sha256 than [0-9a-f]{64}\nas before\n`,
      ),
    );
    expect(stdout).toMatch(/== own image\nerror: \/etc\/extensions\/restarted.raw is there already, .*\nas before\n$/);
  });

  it("ends as if it had not been cut off, wherever it was, when it is run again", async () => {
    await site.publish(NEWER);
    const files = {
      "root/older": await script(OF_OLDER),
      "root/newer": await script(TWO),
      "root/cut/mv": CUTTER,
    };
    const whole = await site.run(await testTree(), ends("whole"), files, 120);
    const cut = await site.run(await testTree(), `${ends("cut")} cat /root/runs`, files, 300);
    const {
      first,
      second,
      ended = "",
    } = /^(?<ended>[\s\S]*\n)(?<first>\d+)\n(?<second>\d+)\n$/.exec(cut.stdout)?.groups ?? {};
    expect(whole.stdout, whole.console).toContain(`restarted ${OLDER} active\nenabled ${OLDER} active\n`);
    expect(whole.stdout).toContain(`restarted ${NEWER} active\nenabled ${NEWER} active\n`);
    expect(whole.stdout).toMatch(/\nstarted anew\n$/);
    expect(ended, cut.console).toBe(whole.stdout);
    // As many as there are places to be cut off at.
    expect(Number(first)).toBeGreaterThan(15);
    expect(Number(second)).toBeGreaterThan(5);
  });

  it("goes back to an older version only where nothing is to update that, which then nothing does", async () => {
    await site.publish(NEWER);
    const { stdout, console } = await site.run(
      await testTree(),
      `state() { ${STATE} }
       update() { systemctl start systemd-sysupdate.service || echo failed; }
       step() { sh /root/$1 > /root/said 2>&1 || cat /root/said; update; echo "== $1"; grep newer /root/said; sleep 1; state; }
       step newest; step older; step fixed; step newest; step later-systemd`,
      {
        "root/newest": await script(TWO),
        "root/older": await script(OF_OLDER),
        "root/fixed": await script({ ...OF_OLDER, follow: "off" }),
        "root/later-systemd": await script({ ...TWO, systemd: "257" }),
      },
      120,
    );
    const [, newest = "", older = "", fixed = "", again = "", later = ""] = stdout.split(/^== .*\n/m);
    const running = (version: string) => `restarted ${version} active\nenabled ${version} active\n`;
    const stay = ["restarted", "enabled"].map(
      (name) => `/opt/extensions/${name}/${name}-${NEWER}-x86-64.raw: stays, for it is newer\n`,
    );
    expect(newest, console).toContain(running(NEWER));
    expect(older).toBe(stay.join("") + newest);
    expect(fixed).toContain(running(OLDER));
    expect(fixed).not.toMatch(/restarted[.]conf|enabled[.]conf/);
    expect(fixed).toContain("/etc/restarted.d/own.conf ");
    expect(again).toContain(running(NEWER));
    expect(again).toContain("/etc/sysupdate.restarted.d/restarted.conf ");
    expect(later).toContain(running(NEWER));
    expect(later).toContain("/etc/sysupdate.restarted.d/restarted.transfer ");
    expect(later).not.toContain("/etc/sysupdate.restarted.d/restarted.conf ");
    expect(stdout).not.toContain("failed");
  });
});
