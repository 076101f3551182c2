/** Merge tests in real guests: what passes, what each step finds, and the controls without which a pass means nothing. */
import { randomBytes } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import { kitchenFrom } from "../../builder/bake/kitchen.ts";
import { Catalog } from "../../builder/catalog.ts";
import { mergeTest } from "../../builder/guest/merge-test/merge-test.ts";
import { withSubject } from "../../builder/guest/merge-test/subject.ts";
import { nspawnRunner } from "../../builder/guest/nspawn.ts";
import { Workplace } from "../support/bakery.ts";
import { bakeIn, DAEMON, type Planted, plantIn, service } from "../support/guest-images.ts";
import { guestUnavailable, testTree } from "../support/guests.ts";
import { describeWhere } from "../support/requirements.ts";
import { sha256 } from "../support/sha256.ts";
import { Turns } from "../support/turns.ts";

interface Step {
  readonly id: string;
  readonly status: string;
  readonly found?: string;
  readonly output?: readonly string[];
}

interface Testing {
  /** Of `create`. */
  readonly bake?: readonly string[];
  /** Another recipe than the one that the image was baked by. */
  readonly judgedBy?: string;
  readonly args?: readonly string[];
}

const UNIT = "usr/lib/systemd/system/planted.service";
const UPHOLDS = 'upholds: ["planted.service"],';
const SERVICE: Planted = { files: { "usr/bin/planted": DAEMON, [UNIT]: service("planted") } };
/** Guests at once, for a machine has two processors; each waits for itself at times. */
const turns = new Turns(2);
const cache = { BAKERY_CACHE: process.env.BAKERY_CACHE };

async function tested(planted: Planted, { bake = [], judgedBy, args = [] }: Testing = {}) {
  await using workplace = await Workplace.open();
  const extensions = await plantIn(workplace.file("extensions"), "planted", planted);
  await bakeIn(workplace, extensions, "planted", ...bake);
  const judge =
    judgedBy === undefined
      ? extensions
      : await plantIn(workplace.file("judge"), "planted", { ...planted, fields: judgedBy });
  const env = { ...cache, BAKERY_EXTENSIONS: judge };
  const { exitCode, stdout } = await turns.take(() => workplace.run(["test", "planted.raw", "--json", ...args], env));
  const { error, ...passed } = JSON.parse(stdout);
  // Shown where a test fails.
  if (error !== undefined) console.log(error);
  const { steps, notes } = (error?.value ?? passed) as { steps: readonly Step[]; notes: readonly string[] };
  const statuses = Object.fromEntries(steps.map(({ id, status }) => [id, status]));
  return { exitCode, statuses, notes, error, step: (id: string) => steps.find((step) => step.id === id) };
}

const ALL_OK = {
  boot: "ok",
  install: "ok",
  merge: "ok",
  files: "ok",
  provides: "ok",
  units: "ok",
  upheld: "ok",
  stays: "ok",
  restarts: "ok",
  unmerge: "ok",
  failed: "ok",
};

// Those that wait for their turn wait within their time.
vi.setConfig({ testTimeout: 240_000 });

describeWhere(await guestUnavailable(), "a merge test", () => {
  describe.concurrent("of an image", () => {
    it("with an upheld service passes every step", async () => {
      const fields = `${UPHOLDS} smoke: ({ version }) => [{ run: ["echo", version, "it's"], prints: "1.0.0 it's" }],`;
      const { exitCode, statuses, notes, step } = await tested(
        { ...SERVICE, fields },
        { args: ["--smoke", "planted & sleep 0.2; kill $!", "--smoke", "test -L /etc/extensions/planted.raw"] },
      );
      const smoke = { "smoke-0": "ok", "smoke-1": "ok", "smoke-2": "ok" };
      expect({ exitCode, statuses }).toEqual({ exitCode: 0, statuses: { ...ALL_OK, ...smoke } });
      expect(step("install")).toMatchObject({ found: "planted-1.0.0-x86-64.raw" });
      expect(step("restarts")).toMatchObject({ found: "planted.service" });
      expect(step("smoke-1")).toMatchObject({ found: "up" });
      expect(notes).toContain("the transfer file was followed with Verify=false");
    });

    it("says none of what an image does not have, and follows every transfer file", async () => {
      const fields = "transfers: [r.everyVersion(), r.patchLevel()],";
      const { exitCode, statuses, step } = await tested({ files: { "usr/share/planted": "x" }, fields });
      const none = { units: "none", upheld: "none", stays: "none", restarts: "none", smoke: "none" };
      expect({ exitCode, statuses }).toEqual({ exitCode: 0, statuses: { ...ALL_OK, "transfer-0": "ok", ...none } });
      expect(step("transfer-0")).toMatchObject({ found: "offers 0" });
    });

    it("for another distribution poses as that", async () => {
      const { exitCode, notes } = await tested(SERVICE, { bake: ["--os", "flatcar"] });
      expect(exitCode).toBe(0);
      expect(notes.join("\n")).toContain("flatcar");
    });
  });

  describe.concurrent("fails", () => {
    it("without the drop-in that upholds: the service stays inactive (control)", async () => {
      const { exitCode, statuses, step, error } = await tested(
        { ...SERVICE, fields: "reload: true," },
        { judgedBy: UPHOLDS },
      );
      expect({ exitCode, statuses }).toMatchObject({ exitCode: 1, statuses: { merge: "ok", units: "ok" } });
      expect(statuses).toMatchObject({ upheld: "failed", stays: "skipped", restarts: "skipped", unmerge: "ok" });
      expect(step("upheld")).toMatchObject({ found: "planted.service is inactive" });
      expect(error.hint).toContain("Upholds=");
    });

    it("without EXTENSION_RELOAD_MANAGER: the service stays inactive (control)", async () => {
      const { statuses, step, error } = await tested(
        { ...SERVICE, fields: UPHOLDS },
        { bake: ["--force-reload=false"] },
      );
      expect(statuses).toMatchObject({ merge: "ok", upheld: "failed", unmerge: "ok" });
      expect(step("upheld")).toMatchObject({ found: "planted.service is inactive" });
      expect(error.hint).toContain("EXTENSION_RELOAD_MANAGER=1");
    });

    it("where systemd-sysext passes the image over, though it exits with 0", async () => {
      const { statuses, step } = await tested({ files: { "usr/lib/os-release": "ID=other\n" } });
      expect(statuses).toMatchObject({ install: "ok", merge: "failed", files: "skipped", unmerge: "skipped" });
      expect(step("merge")?.output?.join("\n")).toMatch(/os-release/);
    });

    it("where a service crashes, with what it said last", async () => {
      const crash = '#!/bin/sh\necho "no such configuration: 42"\nsleep 0.3\nexit 7\n';
      const files = { "usr/bin/planted": crash, [UNIT]: service("planted", "StartLimitBurst=100\n") };
      const { statuses, step } = await tested({ files, fields: UPHOLDS });
      expect(statuses).toMatchObject({ upheld: "ok", stays: "failed", unmerge: "ok" });
      expect(step("stays")?.found).toContain("planted.service does not stay active");
      expect(step("stays")?.output).toContain("no such configuration: 42");
    });

    it("where a killed service does not come back, and what it left on the machine keeps it known", async () => {
      const files = {
        "usr/bin/planted": `#!/bin/sh\ncp /${UNIT} /etc/systemd/system/\nexec sleep infinity\n`,
        [UNIT]: service("planted", "StartLimitBurst=1\nStartLimitIntervalSec=1h\n"),
      };
      const { statuses, step } = await tested({ files, fields: UPHOLDS });
      expect(statuses).toMatchObject({ upheld: "ok", stays: "ok", restarts: "failed", unmerge: "failed" });
      expect(statuses).toMatchObject({ failed: "failed" });
      expect(step("restarts")?.found).toMatch(/^planted\.service is failed after its main process was killed/);
      expect(step("unmerge")).toMatchObject({ found: "systemd still knows planted.service" });
      expect(step("failed")).toMatchObject({ found: "failed: planted.service" });
    });

    it("where units are broken, files are not there, and programs fail or print something else", async () => {
      const files = {
        "usr/bin/planted": "#!/bin/sh\necho out of order >&2\nexit 3\n",
        "usr/bin/quiet": "#!/bin/sh\n",
        "usr/lib/systemd/system/broken.service": "[Service]\nExecStart=planted/relative\n",
        "usr/lib/systemd/system/hosts.service": "[Service]\nExecStart=/usr/bin/of-the-host\n",
      };
      const smoke = '[{ run: ["planted"] }, { run: ["quiet"], prints: /version \\d/ }, { run: ["nowhere"] }]';
      const { statuses, step, error } = await tested(
        { files },
        { judgedBy: `smoke: ${smoke}, provides: ["usr/bin/planted", "usr/bin/missing"],` },
      );
      expect(statuses).toMatchObject({ merge: "ok", files: "ok", provides: "failed", units: "failed", unmerge: "ok" });
      expect(step("provides")).toMatchObject({ found: "/usr/bin/missing is not there" });
      expect(step("units")?.found).toContain("broken.service");
      expect(step("smoke-0")).toMatchObject({ status: "failed", found: "exit code 3", output: ["out of order"] });
      expect(step("smoke-1")).toMatchObject({ status: "failed", found: "it does not print /version \\d/" });
      expect(step("smoke-2")).toMatchObject({ status: "failed", found: "exit code 127" });
      expect(error).toMatchObject({ kind: "UserError", message: expect.stringContaining("5 steps of") });
    });
  });

  it.concurrent.each([
    ["that is not what the index says is not installed (control)", { sha256: sha256("another") }, {}, /not installed/],
    [
      "that does not fit into the guest is not installed",
      {},
      { size: "2M" },
      /^no space left: the guest has room for \d+ bytes/,
    ],
  ])("an image %s", async (_, wrong, room, reason) => {
    await using workplace = await Workplace.open();
    const files = { "usr/share/planted": randomBytes(3_000_000).toString("latin1") };
    const extensions = await plantIn(workplace.file("extensions"), "planted", { files });
    await bakeIn(workplace, extensions, "planted");
    const world = { ...kitchenFrom(cache), cwd: workplace.path, catalog: new Catalog(extensions) };
    const options = { ...world, runner: nspawnRunner(room), tree: await testTree(), timeout: 60 };
    const { steps, passed } = await turns.take(() =>
      withSubject("planted.raw", world, { smoke: [] }, (subject) =>
        mergeTest({ ...subject, image: { ...subject.image, ...wrong } }, options),
      ),
    );
    const install = steps.find(({ id }) => id === "install");
    expect({ passed, install }).toMatchObject({ passed: false, install: { status: "failed" } });
    expect([install?.found, ...(install?.output ?? [])].join("\n")).toMatch(reason);
    expect(steps.find(({ id }) => id === "merge")).toMatchObject({ status: "skipped" });
  });
});
