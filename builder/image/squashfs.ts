/** Reads squashfs images with unsquashfs, which checks names itself since 4.5.1. */
import { posix } from "node:path";
import type { Tool } from "../bake/pack/tool.ts";
import { damaged, type ImageFile, need, runOn } from "./image-file.ts";
import { Listing } from "./listing.ts";
import type { Reader } from "./unpack.ts";

const UNSQUASHFS: Tool = {
  command: "unsquashfs",
  versionArgs: ["-version"],
  pattern: /version (?<version>[0-9.]+)/,
  package: "squashfs-tools",
};

/** A line of `unsquashfs -lln`: `-rwxr-xr-x 0/0   38 1970-01-01 00:00 squashfs-root/usr/bin/hello` */
const LINE =
  /^(?<type>[-dlcbps])(?<permissions>[-rwxsStT]{9}) \d+\/\d+ +(?<size>\d+(?:, *\d+)?) \d{4,}-\d\d-\d\d \d\d:\d\d squashfs-root(?:\/(?<path>.+))?$/;
const TYPES = { "-": 0o100000, d: 0o040000, l: 0o120000, c: 0o020000, b: 0o060000, p: 0o010000, s: 0o140000 };

export const squashfs: Reader = {
  async list(image, signal) {
    await need(UNSQUASHFS);
    const listing = new Listing(image);
    const lines = await runOn(image, "unsquashfs", ["-lln", image.path], { signal });
    for (const line of lines.split("\n")) {
      if (line === "") continue;
      const entry = parseLine(image, line);
      if (entry !== undefined) listing.add(entry.folder, entry);
    }
    return listing;
  },

  async unpack(image, folder, signal) {
    const args = ["-force", "-quiet", "-no-progress", "-no-xattrs", "-dest", folder, image.path];
    await runOn(image, "unsquashfs", args, { signal });
  },
};

function parseLine(image: ImageFile, line: string) {
  const { type, permissions = "", size = "", path: shown } = LINE.exec(line)?.groups ?? {};
  if (type === undefined) throw damaged(image, `a name with a line break: ${line}`);
  if (shown === undefined) return undefined;
  const path = type === "l" ? shown.replace(/ -> .*$/s, "") : shown;
  const folder = posix.dirname(path);
  return {
    folder: folder === "." ? "" : folder,
    name: posix.basename(path),
    mode: (TYPES[type as keyof typeof TYPES] ?? 0) | parsePermissions(permissions),
    // A device has two numbers in its place.
    size: Number.parseInt(size, 10),
  };
}

/** `rwsr-xr-x` is 04755: ls(1) */
function parsePermissions(text: string): number {
  const bits = [...text].reduce((mode, char) => (mode << 1) | (/[-ST]/.test(char) ? 0 : 1), 0);
  const special = [2, 5, 8].reduce((mode, at) => (mode << 1) | (/[sStT]/.test(text[at] ?? "") ? 1 : 0), 0);
  return (special << 9) | bits;
}
