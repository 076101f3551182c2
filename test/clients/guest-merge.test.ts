/** Merge tests in real guests: what passes, what each step finds, and the controls without which a pass means nothing. */
import { randomBytes } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import { kitchenFrom } from "../../builder/bake/kitchen.ts";
import { Catalog } from "../../builder/catalog.ts";
import { mergeTest } from "../../builder/guest/merge-test/merge-test.ts";
import { withSubject } from "../../builder/guest/merge-test/subject.ts";
import { nspawnRunner } from "../../builder/guest/nspawn.ts";
import { Workplace } from "../support/bakery.ts";
import { bakeIn, plantIn } from "../support/guest-images.ts";
import { guestUnavailable, testTree } from "../support/guests.ts";
import { describeWhere } from "../support/requirements.ts";
import { sha256 } from "../support/sha256.ts";
import { ALL_OK, cache, SERVICE, tested, turns, UPHOLDS } from "./merge-tested.ts";

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
