/** Mirrors that are killed: at every request, and at every change to the disk. */
import { rm } from "node:fs/promises";
import { expect, it } from "vitest";
import { live } from "../publish/lives.ts";
import { MirrorRig } from "./mirror-rig.ts";
import { liveWriting } from "./mortal-writes.ts";

it("killed at any moment, it leaves indexes that are true, and the next run completes it", async () => {
  await using rig = await MirrorRig.open();
  await rig.publish("tool", "1.0.0", { arches: ["arm64"] });
  await rig.mirror();
  await rig.copy("site", "before");
  await rig.publish("tool", "1.1.0", { arches: ["arm64"] });
  const again = async () => {
    await rm(rig.workplace.file("site"), { recursive: true });
    await rig.copy("before", "site");
  };
  const check = async (point: string) => {
    await rig.checkIndexes();
    // The lock of a process that is no more is nobody's; here the process goes on.
    await rm(rig.workplace.file("site/.mirroring"), { force: true });
    expect(await rig.mirror(), point).toMatchObject({ exitCode: 0 });
    expect(await rig.checkIndexes(), point).toHaveLength(4);
    expect(await rig.files(), point).toEqual(await rig.files("upstream"));
    expect(await rig.read("/extensions/tool/SHA256SUMS.gpg"), point).toBe(
      await rig.read("/extensions/tool/SHA256SUMS.gpg", "upstream"),
    );
  };

  await again();
  const changes = await liveWriting(() => rig.mirror());
  expect(changes).toBeGreaterThan(15);
  for (let at = 1; at <= changes; at++) {
    await again();
    await liveWriting(() => rig.mirror(), at);
    await check(`change ${at}`);
  }

  console.info(`mirrors killed at changes: ${changes}`);

  await again();
  const { requests } = await live(() => rig.mirror());
  expect(requests.length).toBeGreaterThan(6);
  for (const [index, { overlaps }] of requests.entries()) {
    // After an answer is before the next request, unless others are under way.
    for (const where of overlaps || index === requests.length - 1
      ? (["before", "after"] as const)
      : ["before" as const]) {
      await again();
      expect(await live(() => rig.mirror(), { at: index + 1, where })).toMatchObject({ isDead: true });
      await check(`request ${index + 1}, ${where}`);
    }
  }
}, 120_000);
