/**
 * Alpine's index of packages: compressed segments one after the other, the first of which is the signature.
 *
 * https://wiki.alpinelinux.org/wiki/Apk_spec
 */
import { gzipSync } from "node:zlib";
import { archive, entry } from "../tar-archive.ts";

/** @param packages versions by name, `1.4.0-r0` */
export function alpineIndex(packages: Readonly<Record<string, string>>): Buffer {
  const stanzas = Object.entries(packages).map(
    ([name, version]) =>
      `C:Q1AAAA=\nT:P:no name, V:no version\nP:${name}\nV:${version}\nA:x86_64\nD:so:libc.musl-x86_64.so.1\n\n`,
  );
  return gzipSegments(entry({ path: ".SIGN.RSA.example.rsa.pub" }, "signature"), [
    entry({ path: "DESCRIPTION" }, "v20260101"),
    entry({ path: "APKINDEX" }, stanzas.join("")),
  ]);
}

export function gzipSegments(signature: Buffer, members: readonly Buffer[]): Buffer {
  return Buffer.concat([gzipSync(signature), gzipSync(archive(...members))]);
}
