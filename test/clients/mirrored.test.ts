/** Machines that follow a mirror on a static web server: they demand the signatures that the bakery has made. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { imageFile } from "../../schema/index.ts";
import { MirrorRig } from "../builder/mirror/mirror-rig.ts";
import { Machine } from "../support/machine.ts";
import { mergingUnavailable } from "../support/merged.ts";
import { describeWhere } from "../support/requirements.ts";
import { clientUnavailable, systemdClient } from "../support/systemd-client.ts";

const image = (version: string) => imageFile({ extension: "tool", version }, "x86-64");

describeWhere((await mergingUnavailable()) ?? (await clientUnavailable()), "a machine that follows a mirror", () => {
  it("installs what the bakery has signed, updates with the mirror, and refuses what nobody has signed", async () => {
    await using rig = await MirrorRig.open();
    const url = `${rig.internet.url}/mirror.lan`;
    await rig.publish("tool", "1.0.0");
    expect(await rig.mirror(["--url", url])).toMatchObject({ exitCode: 0 });
    const etc = await mkdtemp(join(tmpdir(), "etc-systemd-"));
    try {
      const keyring = await fetch(`${url}/keys/import-pubring.gpg`);
      await writeFile(join(etc, "import-pubring.gpg"), Buffer.from(await keyring.arrayBuffer()));
      const client = (await systemdClient()).withEtc(etc);
      await using machine = await Machine.following(client, url, "tool");
      expect(await machine.sysupdate("update")).toMatchObject({ exitCode: 0 });
      expect(await machine.current()).toBe(image("1.0.0"));

      await rig.publish("tool", "1.1.0");
      await rig.mirror(["--url", url]);
      expect(await machine.sysupdate("update")).toMatchObject({ exitCode: 0 });
      expect(await machine.installed()).toEqual([image("1.0.0"), image("1.1.0")]);

      await rig.publish("tool", "1.2.0");
      const half = ["--url", url, "--arch", "x86-64"];
      await rig.mirror(half);
      expect(await machine.sysupdate("update")).toMatchObject({ exitCode: 1 });
      expect(await machine.current()).toBe(image("1.1.0"));
      // Control: the same, signed by a key that is in the machine's keyring.
      await rig.mirror(half, { BAKERY_SIGNING_KEY: rig.armored });
      expect(await machine.sysupdate("update")).toMatchObject({ exitCode: 0 });
      expect(await machine.current()).toBe(image("1.2.0"));
    } finally {
      await rm(etc, { recursive: true });
    }
  });
});
