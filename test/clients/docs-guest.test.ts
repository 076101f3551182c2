/**
 * What the documents have people do that takes a whole machine, distributions or the tests themselves: the rest of
 * docs/start-here.md and docs/add-an-extension.md, as it stands there.
 */
import { mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, vi } from "vitest";
import { Catalog } from "../../builder/catalog.ts";
import { nspawnRunner } from "../../builder/guest/nspawn.ts";
import { run } from "../../builder/system/run.ts";
import { Workplace } from "../support/bakery.ts";
import { exists, unpackDebian } from "../support/debian.ts";
import { pageText } from "../support/documents/blocks.ts";
import { Reader } from "../support/documents/reader.ts";
import { ShellSession } from "../support/documents/shell-session.ts";
import { plantIn, service } from "../support/guest-images.ts";
import { guestUnavailable, testTree } from "../support/guests.ts";
import { LocalReleases } from "../support/local-releases.ts";
import { ociImage } from "../support/oci-image.ts";
import { describeWhere, lackForDebian } from "../support/requirements.ts";
import { entry, link } from "../support/tar-archive.ts";
import { Mirror } from "../support/upstreams/mirror.ts";
import { FakeRegistry } from "../support/upstreams/oci-registry.ts";

// The tests within a test take minutes on a machine that has more to do.
vi.setConfig({ testTimeout: 900_000 });

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUSYBOX = join(ROOT, ".cache/busybox");
const PROGRAM = '#!/bin/sh\n[ "$1" = --version ] && exec cat /usr/share/workerd/version\nexec sleep infinity\n';
/** In a container systemd leaves updates to whoever has started that. */
const ANYWHERE = ["service", "timer"].map((type) => ({
  path: `etc/systemd/system/systemd-sysupdate.${type}.d/anywhere.conf`,
  content: "[Unit]\nConditionVirtualization=\n",
}));

describeWhere(await guestUnavailable(), "a machine of who starts here", () => {
  it("has the extension merged, runs its service, and gets what is published from its timer's service", async () => {
    await using recipes = await Workplace.open();
    await plantIn(recipes.path, "workerd", {
      fields: `versions: r.fixed("1.0.0", "1.1.0"), upholds: ["workerd.service"],
        tree: ({ version }) => [r.file("usr/share/workerd/version", \`workerd \${version}\\n\`)],
        host: { activation: { restart: ["workerd.service"] } },`,
      files: { "usr/bin/workerd": PROGRAM, "usr/lib/systemd/system/workerd.service": service("workerd") },
    });
    const catalog = new Catalog(recipes.path);
    const newer = Promise.withResolvers<unknown>();
    const log = (line: string) => {
      if (JSON.parse(line).path === "/healthz") newer.resolve(bakery.release(catalog, "workerd", "1.1.0", ["x86-64"]));
    };
    const bakery: LocalReleases = await LocalReleases.open({}, { log });
    try {
      await bakery.release(catalog, "workerd", "1.0.0", ["x86-64"]);
      await using reader = await Reader.open(bakery.url, { BAKERY_EXTENSIONS: recipes.path });
      const config = "./bakery config workerd --url http://127.0.0.1:8787 --format shell > workerd.sh";
      const [configure = "", apply = ""] = (await reader.reads("start-here.md", config)).text.split("\n");
      await reader.does(configure);
      const first = "mkdir -p /etc/sysupdate.workerd.d /etc/extensions /opt/extensions/workerd";
      const [, update = ""] = /`(systemctl start [^`]*)`/.exec(await pageText("start-here.md")) ?? [];
      const script = `
        set -e
        cd /root
        ${(await reader.reads("start-here.md", first)).text}
        ${apply}
        ${apply}
        systemctl is-active workerd.service systemd-sysupdate.timer
        curl --silent --fail ${bakery.url}/healthz
        until /usr/lib/systemd/systemd-sysupdate -C workerd check-new; do sleep 1; done
        ${update}
        workerd --version
        systemctl is-active workerd.service`;
      const files = [...ANYWHERE, { path: "root/workerd.sh", content: await reader.file("workerd.sh") }];
      const ports = [Number(new URL(bakery.url).port)];
      const guest = { tree: await testTree(), files, script, timeout: 120, ports };
      const { exitCode, stdout, console } = await nspawnRunner().run(guest);
      expect(exitCode, console).toBe(0);
      const versions = stdout.split("\n").filter((line) => line.startsWith("workerd "));
      expect(versions, stdout).toEqual(["workerd 1.0.0", "workerd 1.1.0"]);
      expect(stdout.match(/^active$/gm)).toHaveLength(3);
      await newer.promise;
    } finally {
      await bakery.stop();
    }
  });
});

/** All that git has and would have, with the packages that are installed. */
async function wholeCheckout(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "checkout-"));
  await run("sh", ["-c", 'git ls-files -co --exclude-standard -z | tar -c --null -T - | tar -x -C "$0"', folder], {
    cwd: ROOT,
  });
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  await symlink(join(ROOT, ".cache"), join(folder, ".cache"));
  return folder;
}

it("the extension of docs/add-an-extension.md passes the tests, once they have recorded it", async () => {
  const folder = await wholeCheckout();
  // As if nobody was running tests already.
  const env = { BAKERY_TEST_MACHINES: undefined, VITEST: undefined, NODE_ENV: undefined, BAKERY_CACHE: undefined };
  const session = await ShellSession.open({ cwd: folder, env });
  try {
    const page = await pageText("add-an-extension.md");
    const [, next = ""] = /^Try next:\n(.*?)\n\n/ms.exec(page) ?? [];
    const commands = [
      './bakery new hello --service --description "Greets whoever reads the journal"',
      ...next.split("\n"),
    ];
    expect(commands).toHaveLength(5);
    const [, again = ""] = /^ *(npm test -- test\/builder\/plan\.test\.ts -u)$/m.exec(page) ?? [];
    for (const command of [
      ...commands,
      again,
      "npm test -- test/builder/plan.test.ts test/builder/extensions.test.ts",
    ]) {
      const { exitCode, stdout, stderr } = await session.run(command);
      expect(exitCode, `${command}\n${stdout}\n${stderr}`).toBe(0);
    }
    expect(await readdir(join(folder, "test/fixtures/trees"))).toContain("hello-1.0.0.txt");
    expect(await readFile(join(folder, "docs/extensions.md"), "utf8")).toContain("hello");
  } finally {
    await session[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  }
});

describeWhere(await lackForDebian(), "software that needs a distribution", () => {
  it("is taken out of Debian's packages and of an image, by hand (docs/add-an-extension.md)", async () => {
    if (!(await exists(BUSYBOX))) await unpackDebian(BUSYBOX, { suite: "bookworm", packages: ["busybox-static"] });
    const busybox = entry({ path: "bin/busybox", mode: 0o755 }, await readFile(join(BUSYBOX, "bin/busybox")));
    // Where no registry is to be reached; its package manager says what it was asked for.
    const apk = entry({ path: "bin/apk", mode: 0o755 }, '#!/bin/sh\necho "$@" > /installed\n');
    const registry = new FakeRegistry();
    registry.put("library/alpine", "3.21", ociImage({ layers: [[busybox, link("bin/sh", "busybox"), apk]] }));
    await using mirror = await Mirror.open({ "registry-1.docker.io": registry.host });
    await using reader = await Reader.open("http://127.0.0.1:9", { BAKERY_CACHE: process.env.BAKERY_CACHE ?? "" });
    const first =
      "./bakery rootfs tree --debian bookworm --package tilde       # the package and what it needs, as apt vouches for it";
    const lines = (await reader.reads("add-an-extension.md", first)).text.trim().split("\n");
    for (const line of lines) {
      if (line.includes(" --image ")) await reader.does(`export BAKERY_MIRROR=${mirror.url}`);
      await reader.does(line);
    }
    expect((await reader.does("readlink -f tilde/usr/bin/tilde; ls tilde/usr tilde-root/usr")).stdout).toContain(
      "bin\n",
    );
    expect(await reader.file("alpine/installed")).toBe("add btop\n");
  });
});
