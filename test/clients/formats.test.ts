/** Images of every format, merged by the real systemd-sysext of every version that hosts have. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packerFor } from "../../builder/bake/pack/packer.ts";
import type { ImageFormat } from "../../schema/index.ts";
import { mergingUnavailable, runMerged } from "../support/merged.ts";
import { newerTools } from "../support/newer-tools.ts";
import { packFolder } from "../support/pack-folder.ts";
import { describeWhere } from "../support/requirements.ts";
import { clientUnavailable, SYSUPDATE_VERSIONS, type SysextClient, sysextClient } from "../support/systemd-client.ts";

const VARIANTS: readonly [ImageFormat, string][] = [
  ["squashfs", "gzip"],
  ["squashfs", "zstd"],
  ["squashfs", "xz"],
  ["squashfs", "lz4"],
  ["erofs", "lz4hc"],
  ["ext4", "none"],
  ["btrfs", "none"],
];
const COMMAND = ["usr/bin/hello"] as const;
const MERGED = { exitCode: 0, extensions: ["hello"], stdout: "hello\n", leftBehind: false };

const lack = (await mergingUnavailable()) ?? (await clientUnavailable());
describe.each(SYSUPDATE_VERSIONS)("systemd-sysext %i", (version) =>
  describeWhere(lack, "an image", () => {
    let client: SysextClient;
    let folder: string;
    beforeAll(async () => {
      client = await sysextClient(version);
      folder = await mkdtemp(join(tmpdir(), "merge-formats-"));
    }, 120_000);
    afterAll(() => rm(folder, { recursive: true }));

    async function pack(format: ImageFormat, compression: string, name = "image"): Promise<string> {
      const root = join(folder, `${format}-${compression}-${name}`);
      await mkdir(join(root, "usr/bin"), { recursive: true });
      await mkdir(join(root, "usr/lib/extension-release.d"), { recursive: true });
      await writeFile(join(root, "usr/lib/extension-release.d/extension-release.hello"), "ID=_any\n");
      await writeFile(join(root, "usr/bin/hello"), "#!/bin/sh\necho hello\n", { mode: 0o755 });
      await writeFile(join(root, "usr/bin/large"), "0123456789abcdef".repeat(20_000));
      await packerFor(format, compression).tool();
      await packFolder(packerFor(format, compression), root, `${root}.raw`, { epoch: 0 });
      return `${root}.raw`;
    }

    it.each(VARIANTS)("merges %s with %s, and runs what is in it", async (format, compression) => {
      const image = await pack(format, compression);
      expect(await runMerged(client, { image, name: "hello", command: COMMAND })).toMatchObject(MERGED);
    });

    // Nor with SYSTEMD_DISSECT_FILE_SYSTEMS=ext2: its options of mount are none of ext2's.
    it("merges no ext2, as the help says", async () => {
      const image = await pack("ext2", "none");
      const merged = await runMerged(client, { image, name: "hello", command: COMMAND });
      expect(merged).toMatchObject({ exitCode: 1, extensions: [] });
    });

    it.each([
      ["erofs", "zstd", true],
      ["btrfs", "zstd", false],
    ] as const)(
      "merges %s with %s of newer programs",
      async (format, compression, isSame) => {
        const bin = await newerTools();
        const path = process.env.PATH;
        process.env.PATH = `${bin}:${path}`;
        try {
          const image = await pack(format, compression);
          // With erofs-utils 1.8 that showed.
          const umask = process.umask(0o077);
          const again = await pack(format, compression, "again").finally(() => process.umask(umask));
          if (isSame) expect((await readFile(again)).equals(await readFile(image))).toBe(true);
          expect(await runMerged(client, { image, name: "hello", command: COMMAND })).toMatchObject(MERGED);
        } finally {
          process.env.PATH = path;
          await rm(bin, { recursive: true });
        }
      },
      180_000,
    );
  }),
);
