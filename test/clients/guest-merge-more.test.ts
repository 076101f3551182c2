/** More of what merge tests in real guests find: each takes one, so they are with the tests of whole machines. */
import { describe, expect, it, vi } from "vitest";
import { service } from "../support/guest-images.ts";
import { guestUnavailable } from "../support/guests.ts";
import { describeWhere } from "../support/requirements.ts";
import { ALL_OK, SERVICE, tested, UNIT, UPHOLDS } from "./merge-tested.ts";

// Those that wait for their turn wait within their time.
vi.setConfig({ testTimeout: 240_000 });

describeWhere(await guestUnavailable(), "a merge test", () => {
  describe.concurrent("of an image", () => {
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
  });
});
