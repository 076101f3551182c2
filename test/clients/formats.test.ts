/** Images of every format, merged by the real systemd-sysext 254. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { packerFor } from "../../builder/bake/pack/packer.ts";
import type { ImageFormat } from "../../schema/index.ts";
import { mergingUnavailable, runMerged } from "../support/merged.ts";
import { describeWhere } from "../support/requirements.ts";
import { clientUnavailable, type SystemdClient, systemdClient } from "../support/systemd-client.ts";

const VARIANTS: readonly [ImageFormat, string][] = [
  ["squashfs", "gzip"],
  ["squashfs", "zstd"],
  ["squashfs", "xz"],
  ["squashfs", "lz4"],
  ["erofs", "lz4hc"],
  ["ext4", "none"],
  ["ext2", "none"],
  ["btrfs", "none"],
];

describeWhere((await mergingUnavailable()) ?? (await clientUnavailable()), "systemd-sysext 254", () => {
  let client: SystemdClient;
  let folder: string;
  beforeAll(async () => {
    client = await systemdClient();
    folder = await mkdtemp(join(tmpdir(), "merge-formats-"));
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true }));

  it.each(VARIANTS)("merges %s with %s, and runs what is in it", async (format, compression) => {
    const root = join(folder, `${format}-${compression}`);
    await mkdir(join(root, "usr/bin"), { recursive: true });
    await mkdir(join(root, "usr/lib/extension-release.d"), { recursive: true });
    await writeFile(join(root, "usr/lib/extension-release.d/extension-release.hello"), "ID=_any\n");
    await writeFile(join(root, "usr/bin/hello"), "#!/bin/sh\necho hello\n", { mode: 0o755 });
    const image = `${root}.raw`;
    await packerFor(format, compression).pack(root, image, { epoch: 0 });

    const merged = await runMerged(client, { image, name: "hello", command: ["usr/bin/hello"] }); if (merged.exitCode !== 0) console.error(merged.stderr);
    expect(merged).toMatchObject({
      exitCode: 0,
      extensions: ["hello"],
      stdout: "hello\n",
      leftBehind: false,
    });
  });
});
