/** A bakery to be mirrored, on an internet of its own, and a mirror of it. */
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { expect } from "vitest";
import { SigningKey } from "../../../builder/signing/signing-key.ts";
import type { Arch } from "../../../schema/index.ts";
import { type Ran, Workplace } from "../../support/bakery.ts";
import { sha256 } from "../../support/sha256.ts";
import { writeRelease } from "../../support/synthetic-release.ts";
import { folderHost } from "../../support/upstreams/folder-host.ts";
import type { Host } from "../../support/upstreams/host.ts";
import { Mirror } from "../../support/upstreams/mirror.ts";

export const HOST = "bakery.example.org";
export const BAKERY = `https://${HOST}`;

export class MirrorRig implements AsyncDisposable {
  readonly workplace: Workplace;
  readonly internet: Mirror;
  readonly key: SigningKey;
  readonly armored: string;
  /** Answers instead of the bakery; undefined: it does itself */
  intercept: ((request: Request) => Promise<Response | undefined> | Response | undefined) | undefined;

  private constructor(workplace: Workplace, internet: Mirror, key: SigningKey, armored: string) {
    this.workplace = workplace;
    this.internet = internet;
    this.key = key;
    this.armored = armored;
  }

  /** @param host none: the folder `upstream`, into which is published */
  static async open({ armored, host }: { armored?: string; host?: Host } = {}): Promise<MirrorRig> {
    const secret = armored ?? (await newKey());
    const workplace = await Workplace.inMemory();
    const upstream = host ?? folderHost(workplace.file("upstream"));
    let rig: MirrorRig | undefined;
    const answer: Host = async (request) => (await rig?.intercept?.(request)) ?? upstream(request);
    const internet = await Mirror.open({ [HOST]: answer, "mirror.lan": folderHost(workplace.file("site")) });
    const opened = await SigningKey.open(secret);
    rig = new MirrorRig(workplace, internet, opened, secret);
    await writeFile(workplace.file("ring.gpg"), opened.keyring.bytes);
    return rig;
  }

  /** @param to default: the folder that is the bakery */
  async publish(extension: string, version: string, options: PublishOptions = {}): Promise<void> {
    const { arches, to = "upstream", env = { BAKERY_SIGNING_KEY: this.armored }, size, described = false } = options;
    const folder = this.workplace.file(`releases/${extension}-${version}`);
    const path = await writeRelease(folder, extension, version, {
      described,
      ...(arches && { arches }),
      ...(size !== undefined && { size }),
    });
    // Of a folder, all that is told in it is published too.
    expect(
      await this.workplace.run(["publish", described ? folder : path, "--to", to, "--no-wait"], env),
    ).toMatchObject({ exitCode: 0 });
  }

  /** `./bakery mirror`, with the keyring of the bakery unless told otherwise. */
  mirror(args: readonly string[] = [], env: Record<string, string> = {}): Promise<Ran> {
    const trusting = args.some((arg) => arg === "--unsigned" || arg === "--keyring") ? [] : ["--keyring", "ring.gpg"];
    const all = ["mirror", BAKERY, "site", ...trusting, ...args];
    return this.workplace.run(all, { BAKERY_MIRROR: this.internet.url, ...env });
  }

  doctor(...args: string[]): Promise<Ran> {
    return this.workplace.run(["doctor", "site", ...args]);
  }

  /** Paths that were asked for since the last time. */
  asked(): string[] {
    return this.internet.arrivals.splice(0).map(({ path }) => path.replace(HOST, ""));
  }

  async read(path: string, of = "site"): Promise<string | undefined> {
    return readFile(join(this.workplace.file(of), path), "latin1").catch(() => undefined);
  }

  /** Public paths of a folder's files, without feeds: a mirror has none, for they are of the bakery's own address. */
  async files(of = "site"): Promise<string[]> {
    const root = this.workplace.file(of);
    const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
    return entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => `/${relative(root, join(parentPath, name))}`)
      .filter((path) => !/^\/\.(?:mirror|feed\/)|\/feed\.(?:atom|json)$/.test(path))
      .sort();
  }

  /** Holds each line of each index of the mirror against the file that a machine would get in its folder. */
  async checkIndexes(): Promise<string[]> {
    const named: string[] = [];
    for (const index of (await this.files()).filter((path) => path.endsWith("/SHA256SUMS"))) {
      for (const line of (await this.read(index))?.trimEnd().split("\n") ?? []) {
        const [hash = "", file = ""] = line.split("  ");
        if (!file.endsWith(".raw")) continue;
        const extension = /^(?<name>.*?)-v?[0-9]/.exec(file)?.groups?.name;
        const folder = index === "/extensions/SHA256SUMS" ? `/extensions/${extension}/` : index.replace(/[^/]*$/, "");
        const bytes = await readFile(this.workplace.file(`site${folder}${file}`)).catch(() => undefined);
        expect(bytes && sha256(bytes), `${index} ${file}`).toBe(hash);
        named.push(`${index} ${file}`);
      }
    }
    return named;
  }

  async copy(from: string, to: string): Promise<void> {
    await cp(this.workplace.file(from), this.workplace.file(to), { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.internet[Symbol.asyncDispose]();
    await this.workplace[Symbol.asyncDispose]();
  }
}

export interface PublishOptions {
  readonly arches?: readonly Arch[];
  readonly size?: number;
  readonly described?: boolean;
  readonly to?: string;
  readonly env?: Record<string, string>;
}

export function newKey(): Promise<string> {
  return SigningKey.generate({ name: "Bakery", email: "bakery@example.org" });
}
