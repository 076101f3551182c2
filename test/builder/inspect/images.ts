/** Images to look into: one small tree with what is odd in names and kinds, in every format, made once for a test file. */
import { chmod, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { packerFor } from "../../../builder/bake/pack/packer.ts";
import { toolPath } from "../../../builder/bake/pack/tool.ts";
import { run } from "../../../builder/system/run.ts";
import { IMAGE_FORMATS, type ImageFormat } from "../../../schema/index.ts";
import { packFolder } from "../../support/pack-folder.ts";

/** What this machine's programs can make. */
const COMPRESSIONS = { squashfs: "zstd", erofs: "lz4hc", ext4: "none", ext2: "none", btrfs: "none" } as const;
/** The first 20 bytes of a program for x86-64, and zeros. elf(5) */
const ELF = Buffer.concat([Buffer.from("7f454c46020101000000000000000000", "hex"), Buffer.from("02003e00", "hex")]);

export const ODD_NAME = 'usr/share/a b/it\'s "quoted" <ü> -> $(x)';
export const RELEASE_FILE = "usr/lib/extension-release.d/extension-release.greeter";
export const FILES: Readonly<Record<string, string | Buffer>> = {
  "usr/bin/hello": Buffer.concat([ELF, Buffer.alloc(30_000, "elf ")]),
  "usr/share/large": "0123456789abcdef\n".repeat(10_000),
  "usr/share/empty": "",
  [ODD_NAME]: "odd name\n",
  "usr/share/\x1b[2Jclear": "",
  "usr/lib/systemd/system/hello.service": "[Service]\nExecStart=/usr/bin/hello\n",
  "usr/lib/systemd/system/idle.service": "[Service]\nExecStart=/usr/bin/hello\n",
  "usr/lib/systemd/system/linked.service": "[Service]\nExecStart=/usr/bin/hello\n",
  "usr/lib/systemd/system/multi-user.target.d/10-hello.conf":
    "[Unit]\nUpholds=hello.service\nWants=absent.service\n[Install]\nWants=idle.service\n",
  [RELEASE_FILE]: 'ID=_any\nARCHITECTURE=x86-64\nSYSEXT_LEVEL="1.0"\nEXTENSION_RELOAD_MANAGER=1\n',
};
export const LINKS: Readonly<Record<string, string>> = {
  "usr/bin/hi": "hello",
  "usr/lib/systemd/system/sockets.target.wants/linked.service": "../linked.service",
};

export class Images implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async open(): Promise<Images> {
    const path = await mkdtemp(join(tmpdir(), "images-"));
    // For another user, who shall read them too.
    await chmod(path, 0o755);
    return new Images(path);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** A folder with the tree, and with files of one's own; undefined takes one out. */
  async tree(name: string, files: Readonly<Record<string, string | Buffer | undefined>> = {}): Promise<string> {
    const root = this.file(name);
    for (const [path, content] of Object.entries({ ...FILES, ...files })) {
      if (content === undefined) continue;
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content, { mode: path.startsWith("usr/bin") ? 0o755 : 0o644 });
    }
    for (const [path, target] of Object.entries(LINKS)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await symlink(target, join(root, path));
    }
    return root;
  }

  /** As the builder makes them. */
  async pack(format: ImageFormat, root: string, name = `${format}.raw`): Promise<string> {
    const image = this.file(name);
    await packFolder(packerFor(format, COMPRESSIONS[format]), root, image, { epoch: 0, size: "4M" });
    return image;
  }

  /** As others make them: with modes that the builder never writes. */
  async packOddModes(format: ImageFormat, name = `odd-${format}`): Promise<string> {
    const root = await this.tree(name);
    await chmod(join(root, "usr/bin/hello"), 0o6755);
    await chmod(join(root, "usr/share/large"), 0o000);
    await chmod(join(root, "usr/share/a b"), 0o1000);
    const image = this.file(`${name}.raw`);
    const make = (command: string, ...args: string[]) => run(command, args, { env: { PATH: toolPath() } });
    if (format === "squashfs") await make("mksquashfs", root, image, "-noappend", "-quiet", "-no-progress");
    else if (format === "erofs") await make("mkfs.erofs", "--quiet", image, root);
    else if (format === "btrfs") await make("mkfs.btrfs", "-q", "--mixed", "--shrink", "--rootdir", root, image);
    else {
      await writeFile(image, "");
      await truncate(image, 4 * 1024 ** 2);
      await make("mke2fs", "-q", "-t", format, "-d", root, image);
    }
    return image;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}

export const FORMATS: readonly ImageFormat[] = IMAGE_FORMATS;
