/** Synthetic artefacts of the right shape: archives with the right members, small programs of the right architecture. */
import { execFileSync } from "node:child_process";
import { buffer } from "node:stream/consumers";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { ZipFile } from "yazl";
import type { Arch } from "../../../schema/index.ts";
import { archive, entry, link } from "../tar-archive.ts";
import type { Member, Published } from "./fixture.ts";

const MACHINES: Readonly<Record<Arch, number>> = { "x86-64": 62, arm64: 183 };
const ET_EXEC = 2;
const ET_DYN = 3;

/** @param url tells which kind of archive it is */
export async function artefact(url: string, { file, members }: Published, arch: Arch): Promise<Buffer> {
  if (file !== undefined) return contentOf(file, arch);
  const name = url.replace(/[?#].*$/, "");
  if (name.endsWith(".zip")) return zipOf(members, arch);
  if (name.endsWith(".deb")) return debOf(members, arch);
  return compressed(name, tarOf(members, arch));
}

function compressed(name: string, tar: Buffer): Buffer {
  // Tarballs of npm's have no ending here.
  if (/^npm:|\.(?:tar\.gz|tgz)$/.test(name)) return gzipSync(tar);
  if (/\.(?:tar\.zst|tzst)$/.test(name)) return zstdCompressSync(tar);
  if (/\.(?:tar\.xz|txz)$/.test(name)) return execFileSync("xz", ["-c"], { input: tar });
  if (/\.(?:tar\.bz2|tbz)$/.test(name)) return execFileSync("bzip2", ["-c"], { input: tar });
  if (name.endsWith(".tar")) return tar;
  throw new RangeError(`nobody knows what kind of archive ${name} is`);
}

function tarOf(members: readonly Member[], arch: Arch): Buffer {
  return archive(
    ...members.map((member) => {
      const { path, kind, target = "" } = member;
      if (kind === "folder") return entry({ path, type: "Directory", mode: 0o755 });
      if (kind === "symlink") return link(path, target);
      return entry({ path, mode: modeOf(member) }, contentOf(member, arch));
    }),
  );
}

function zipOf(members: readonly Member[], arch: Arch): Promise<Buffer> {
  const zip = new ZipFile();
  for (const member of members) {
    if (member.kind === "folder") zip.addEmptyDirectory(member.path);
    else zip.addBuffer(contentOf(member, arch), member.path, { mode: 0o100000 | modeOf(member) });
  }
  zip.end();
  return buffer(zip.outputStream);
}

/** deb(5) */
function debOf(members: readonly Member[], arch: Arch): Buffer {
  const control = gzipSync(archive(entry({ path: "./control" }, "Package: synthetic\n")));
  const parts: [string, Buffer][] = [
    ["debian-binary", Buffer.from("2.0\n")],
    ["control.tar.gz", control],
    ["data.tar.gz", gzipSync(tarOf(members, arch))],
  ];
  return Buffer.concat([
    Buffer.from("!<arch>\n"),
    ...parts.flatMap(([name, content]) => {
      const head = `${name.padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6)}${"0".padEnd(6)}${"100644".padEnd(8)}`;
      return [
        Buffer.from(`${head}${String(content.length).padEnd(10)}\`\n`),
        content,
        Buffer.alloc(content.length % 2),
      ];
    }),
  ]);
}

function modeOf({ kind }: Member): number {
  return kind === "elf" || kind === "script" ? 0o755 : 0o644;
}

/** Different for each name, so that files are not taken for each other. */
function contentOf({ path, kind, text }: Member, arch: Arch): Buffer {
  if (kind === "elf") return elf(ET_EXEC, arch, path);
  if (kind === "lib") return elf(ET_DYN, arch, path);
  if (kind === "script") return Buffer.from(`#!/bin/sh\necho ${path}\n`);
  return Buffer.from(text ?? `${path}\n`);
}

/** A head and nothing to run: elf(5). */
function elf(type: number, arch: Arch, name: string): Buffer {
  const head = Buffer.alloc(64);
  head.write("\x7fELF\x02\x01\x01", "latin1");
  head.writeUInt16LE(type, 16);
  head.writeUInt16LE(MACHINES[arch], 18);
  head.writeUInt32LE(1, 20);
  head.writeUInt16LE(64, 52);
  return Buffer.concat([head, Buffer.from(`${name}\n`)]);
}
