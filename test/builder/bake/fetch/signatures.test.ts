/** Downloads that upstream signs: by the key that is pinned, and whatever is another one, or altered, does not pass. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createMessage, generateKey, type PrivateKey, reformatKey, sign } from "openpgp";
import { beforeAll, describe, expect, it } from "vitest";
import { findChecksum } from "../../../../builder/bake/fetch/resolve.ts";
import { run } from "../../../../builder/system/run.ts";
import { parseReleaseManifest } from "../../../../schema/index.ts";
import { Workplace } from "../../../support/bakery.ts";
import { sha256 } from "../../../support/sha256.ts";
import { fileHost } from "../../../support/upstreams/file-host.ts";
import { Mirror } from "../../../support/upstreams/mirror.ts";
import { plant } from "../../planted.ts";

const SITE = "https://upstream.example";
const TOOL = Buffer.from("#!/bin/sh\n");
const SUMS = `${sha256(TOOL)}  tool\n${sha256("other")}  other\n`;
const USER = { userIDs: [{ name: "Upstream" }] };
const DAY = 24 * 60 * 60;
const ago = (days: number) => new Date(Date.now() - days * DAY * 1_000);

const INSTALL = 'install: r.binary("usr/bin/x")';
const CHECKSUMS = `r.checksumFile("${SITE}/SHA256SUMS", { url: "${SITE}/SHA256SUMS.sig", key: "upstream" })`;
const SIGNED = `r.signedBy("upstream", "${SITE}/tool.sig")`;
const downloading = (verify: string) => `downloads: () => [{ url: "${SITE}/tool", verify: ${verify}, ${INSTALL} }],`;

let key: PrivateKey;
let other: PrivateKey;
/** It expired 20 days ago, after ten days. */
let expired: PrivateKey;

beforeAll(async () => {
  ({ privateKey: key } = await generateKey({ ...USER, format: "object" }));
  ({ privateKey: other } = await generateKey({ ...USER, format: "object" }));
  const short = { date: ago(30), keyExpirationTime: 10 * DAY, format: "object" as const };
  ({ privateKey: expired } = await generateKey({ ...USER, ...short }));
});

type Bytes = Uint8Array | string;

async function signature(content: Bytes, by = key, date = new Date()): Promise<Uint8Array> {
  const message = await createMessage({ binary: Buffer.from(content) });
  return (await sign({ message, signingKeys: by, detached: true, format: "binary", date })) as Uint8Array;
}

async function armored(content: Bytes, by = key): Promise<string> {
  const message = await createMessage({ binary: Buffer.from(content) });
  return (await sign({ message, signingKeys: by, detached: true, format: "armored" })) as string;
}

interface Upstream {
  readonly verify: string;
  readonly files: Readonly<Record<string, Bytes>>;
  /** The file in `_keys`; undefined: there is none. */
  readonly pinned?: string | undefined;
}

async function open({ verify, files, pinned }: Upstream) {
  const workplace = await Workplace.open();
  const extensions = await plant(workplace, downloading(verify));
  await mkdir(join(extensions, "_keys"));
  if (pinned !== undefined) await writeFile(join(extensions, "_keys/upstream.asc"), pinned);
  const mirror = await Mirror.open({ "upstream.example": fileHost({ "/tool": TOOL, "/SHA256SUMS": SUMS, ...files }) });
  const env = { BAKERY_MIRROR: mirror.url, BAKERY_EXTENSIONS: extensions };
  return {
    mirror,
    workplace,
    bakery: (...args: string[]) => workplace.run(args, env),
    create: (...args: string[]) => workplace.run(["create", "planted", "1.0.0", ...args], env),
    installed: async () => {
      const words = ["-cat", workplace.file("planted.raw"), "usr/bin/x"];
      return sha256(await run("unsquashfs", words));
    },
    record: async () => {
      const text = await readFile(workplace.file("planted.release.json"), "utf8");
      return parseReleaseManifest(text).provenance.downloads[0];
    },
    async [Symbol.asyncDispose]() {
      await mirror[Symbol.asyncDispose]();
      await workplace[Symbol.asyncDispose]();
    },
  };
}

const pinnedKey = (of = key) => of.toPublic().armor();
/** It is read as it arrives: larger than one piece of anything. */
const LARGE = Buffer.alloc(6 * 2 ** 20, "0123456789abcde\n");

describe("what upstream has signed passes, then without a network, and the manifest says so:", () => {
  it.each<[string, () => Promise<Upstream>, string, Buffer]>([
    [
      "a checksum file, with a binary signature",
      async () => ({ verify: CHECKSUMS, files: { "/SHA256SUMS.sig": await signature(SUMS) } }),
      "signed-checksum-file",
      TOOL,
    ],
    [
      "a checksum file, with an armored signature",
      async () => ({ verify: CHECKSUMS, files: { "/SHA256SUMS.sig": await armored(SUMS) } }),
      "signed-checksum-file",
      TOOL,
    ],
    [
      "the download itself",
      async () => ({ verify: SIGNED, files: { "/tool.sig": await armored(TOOL) } }),
      "openpgp-signature",
      TOOL,
    ],
    [
      "a large download",
      async () => ({ verify: SIGNED, files: { "/tool": LARGE, "/tool.sig": await signature(LARGE) } }),
      "openpgp-signature",
      LARGE,
    ],
  ])("%s", async (_, upstream, verifiedBy, content) => {
    await using at = await open({ pinned: pinnedKey(), ...(await upstream()) });
    expect(await at.create()).toMatchObject({ exitCode: 0 });
    expect(await at.installed()).toBe(sha256(content));
    const record = { url: `${SITE}/tool`, sha256: sha256(content), size: content.length, verifiedBy };
    expect(await at.record()).toEqual(record);
    const asked = at.mirror.arrivals.length;
    expect(await at.create("--offline", "--epoch", "1")).toMatchObject({ exitCode: 0 });
    expect(await at.record()).toEqual(record);
    expect(at.mirror.arrivals).toHaveLength(asked);
  });
});

describe("what upstream has not signed does not pass, and is not kept:", () => {
  const sums = (at: Readonly<Record<string, Bytes>>) => ({ verify: CHECKSUMS, files: at });
  const tool = (at: Readonly<Record<string, Bytes>>) => ({ verify: SIGNED, files: at });
  const flipped = (bytes: Uint8Array) => Buffer.from(bytes).fill((bytes.at(-1) ?? 0) ^ 1, bytes.length - 1);
  const SUMS_UNSIGNED = "SHA256SUMS is not what upstream has signed";
  const TOOL_UNSIGNED = "tool is not what upstream has signed";

  it.each<[string, () => Promise<Upstream>, string]>([
    [
      "a checksum file by another key",
      async () => sums({ "/SHA256SUMS.sig": await signature(SUMS, other) }),
      SUMS_UNSIGNED,
    ],
    ["a download by another key", async () => tool({ "/tool.sig": await armored(TOOL, other) }), TOOL_UNSIGNED],
    [
      "a checksum file that was altered",
      async () => sums({ "/SHA256SUMS": `${SUMS}\n`, "/SHA256SUMS.sig": await signature(SUMS) }),
      SUMS_UNSIGNED,
    ],
    [
      "a download that was altered",
      async () => tool({ "/tool": "#!/bin/sh\r\n", "/tool.sig": await signature(TOOL) }),
      TOOL_UNSIGNED,
    ],
    [
      "a large download that was altered at its end",
      async () => tool({ "/tool": flipped(LARGE), "/tool.sig": await signature(LARGE) }),
      TOOL_UNSIGNED,
    ],
    ["a signature that was altered", async () => tool({ "/tool.sig": flipped(await signature(TOOL)) }), TOOL_UNSIGNED],
    ["a signature that is none", async () => tool({ "/tool.sig": "none" }), TOOL_UNSIGNED],
    ["a signature with nothing in it", async () => tool({ "/tool.sig": "" }), TOOL_UNSIGNED],
    [
      "a web page",
      async () => tool({ "/tool": "<!doctype html><html>", "/tool.sig": await signature(TOOL) }),
      "upstream has sent a web page instead of tool",
    ],
    ["no signature", async () => tool({}), "planted 1.0.0 is not there for x86-64: not found upstream"],
    [
      "a download that is another one than in the checksum file",
      async () => sums({ "/tool": "other", "/SHA256SUMS.sig": await signature(SUMS) }),
      "tool does not match its published checksum",
    ],
  ])("%s", async (_, upstream, message) => {
    await using at = await open({ pinned: pinnedKey(), ...(await upstream()) });
    const { exitCode, stderr } = await at.create();
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(`error: ${message}\n`) });
    if (message.endsWith("signed")) {
      expect(stderr).toContain(`upstream (${key.getFingerprint().toUpperCase()})`);
      expect(stderr).toMatch(/^ {2}signature +https:\/\/upstream\.example\/.*\.sig$/m);
    }
    const kept = ["files", "partial"].map((name) => readdir(join(at.workplace.cache, name)).catch(() => []));
    expect((await Promise.all(kept)).flat()).toEqual([]);
    expect(await readdir(at.workplace.path)).toEqual(["extensions"]);
  });
});

describe("a key", () => {
  const signed = async () => ({ verify: SIGNED, files: { "/tool.sig": await signature(TOOL) } });
  it.each<[string, () => string | undefined, string, string]>([
    [
      "that is not there",
      () => undefined,
      "there is no key upstream, which the recipe verifies with",
      "public key there",
    ],
    ["that is none", () => "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nnone\n", "no OpenPGP keyring: ", "upstream.asc"],
    ["that is a signature", () => "none", "no OpenPGP keyring: ", "upstream.asc"],
    ["that is private", () => key.armor(), "a private key is in the keyring: ", "upstream.asc"],
  ])("%s is refused before anything is asked for", async (_, pinned, message, more) => {
    await using at = await open({ ...(await signed()), pinned: pinned() });
    const { exitCode, stderr } = await at.create();
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(`error: ${message}`) });
    expect(stderr).toContain(more);
    expect(at.mirror.arrivals).toEqual([]);
  });

  it("shows in the plan by its fingerprint, and another one is another image", async () => {
    await using at = await open({ ...(await signed()), pinned: pinnedKey() });
    const first = await at.bakery("plan", "planted", "1.0.0", "--resolve");
    const fingerprint = key.getFingerprint().toUpperCase();
    expect(first.stdout).toContain(`the signature of upstream (${fingerprint}) in ${SITE}/tool.sig`);
    await writeFile(at.workplace.file("extensions/_keys/upstream.asc"), pinnedKey(other));
    const second = await at.bakery("plan", "planted", "1.0.0", "--resolve");
    const inputs = ({ stdout }: { stdout: string }) =>
      /^inputs +(?<digest>[0-9a-f]{64})$/m.exec(stdout)?.groups?.digest;
    expect(inputs(first)).toBeDefined();
    expect(inputs(second)).not.toBe(inputs(first));
  });

  it("that has expired vouches for what was signed before, and for nothing later", async () => {
    const before = await signature(TOOL, expired, ago(25));
    await using good = await open({ verify: SIGNED, files: { "/tool.sig": before }, pinned: pinnedKey(expired) });
    expect(await good.create()).toMatchObject({ exitCode: 0 });
    // Whoever signs with it has made it good again, for themselves.
    const { privateKey: longer } = await reformatKey({ privateKey: expired, ...USER, format: "object" });
    const after = await signature(TOOL, longer);
    await using late = await open({ verify: SIGNED, files: { "/tool.sig": after }, pinned: pinnedKey(expired) });
    expect(await late.create()).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("tool is not what upstream has signed"),
    });
    // With the key that is good for longer, both are.
    for (const one of [before, after]) {
      await using at = await open({ verify: SIGNED, files: { "/tool.sig": one }, pinned: pinnedKey(longer) });
      expect(await at.create()).toMatchObject({ exitCode: 0 });
    }
  });
});

it("a checksum is found in a file that is signed in the clear", () => {
  const file = [
    "-----BEGIN PGP SIGNED MESSAGE-----",
    "Hash: SHA512",
    "",
    `${sha256("one")}  runc.arm64`,
    `${sha256("two")} *runc.amd64`,
    "-----BEGIN PGP SIGNATURE-----",
    "",
    "iQJDBAEBCAAtFiEExample",
    "=abcd",
    "-----END PGP SIGNATURE-----",
  ];
  expect(findChecksum(file.join("\n"), "runc.amd64", SITE)).toBe(sha256("two"));
  expect(findChecksum(file.join("\r\n"), "runc.arm64", SITE)).toBe(sha256("one"));
  expect(() => findChecksum(file.join("\n"), "runc.riscv64", SITE)).toThrow("no sha256 for runc.riscv64");
});
