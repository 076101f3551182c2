/**
 * The world of the documents' reader: upstreams and GitHub as far as blocks ask for them, and a bakery that has what
 * blocks name. Images are small; those that are merged have a program.
 */
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import type { LocalBakery } from "../../../scripts/local-bakery.ts";
import { plantIn, service } from "../guest-images.ts";
import { localBakery } from "../local-bakery.ts";
import { freePort } from "../ports.ts";
import { referenceReleases } from "../reference-releases.ts";
import { writeRelease } from "../synthetic-release.ts";
import { archive, entry } from "../tar-archive.ts";
import { FakeGitHub } from "../upstreams/github.ts";
import { GithubStandIn } from "../upstreams/github-releases.ts";
import { Mirror } from "../upstreams/mirror.ts";
import { npmRegistry } from "../upstreams/npm-registry.ts";
import { Reader } from "./reader.ts";

const NPM = "registry.npmjs.org";
const WORKERD = "1.20261117.1";
/** What is in the reference's releases, with the bakery that their transfer files name. */
const REFERENCE = "flatcar/sysext-bakery";
const REFERENCE_URL = "https://extensions.flatcar.org";
export const IMPORTED = [["kubernetes", "v1.34.2"]] as const;
const VAULTS = ["1.19.5", "1.20.0", "1.20.1"] as const;
export type Vault = (typeof VAULTS)[number];

export class Site implements AsyncDisposable {
  readonly reader: Reader;
  /** Where blocks publish to as `github:acme/bakery`. */
  readonly github: GithubStandIn;
  readonly #port: number;
  readonly #mirror: Mirror;
  #bakery: LocalBakery | undefined;
  // Caches are short, so that publications need not be waited for.
  #vars: Readonly<Record<string, string>> = { INDEX_TTL_SECONDS: "0", INDEX_SETTLE_SECONDS: "1" };

  private constructor(port: number, reader: Reader, github: GithubStandIn, mirror: Mirror) {
    this.#port = port;
    this.reader = reader;
    this.github = github;
    this.#mirror = mirror;
  }

  /** Its bakery is not open yet: what it knows comes out of blocks, too. */
  static async open(): Promise<Site> {
    const reference = new FakeGitHub();
    reference.publish(REFERENCE, ...referenceReleases(IMPORTED, REFERENCE_URL));
    const packages = {
      // A program that knows --version.
      "@cloudflare/workerd-linux-64": { [WORKERD]: { tarball: packageOf(await readFile("/bin/true")) } },
      "@cloudflare/workerd-linux-arm64": { [WORKERD]: { tarball: packageOf(elfOfArm64()) } },
    };
    const mirror = await Mirror.open({ ...reference.hosts, [NPM]: npmRegistry(NPM, packages) });
    const port = await freePort();
    const reader = await Reader.open(`http://127.0.0.1:${port}`, { BAKERY_MIRROR: mirror.url });
    return new Site(port, reader, await GithubStandIn.open(), mirror);
  }

  get url(): string {
    return this.reader.url;
  }

  /**
   * Opens the bakery; the second time, with what it has.
   * @param vars of `wrangler.toml` and secrets, out of the documents; those that are not said stay
   */
  async deploy(vars: Readonly<Record<string, string>>): Promise<void> {
    await this.#bakery?.stop();
    this.#vars = { ...this.#vars, ...vars };
    const state = `${this.reader.workplace.path}/state`;
    this.#bakery = await localBakery({ port: this.#port, vars: this.#vars, state });
  }

  /** Publishes what other blocks take for granted, by whoever the reader is. */
  async stock(): Promise<void> {
    const { reader } = this;
    for (const name of ["docker", "docker-compose"]) {
      const release = await writeRelease(reader.workplace.file(`synthetic/${name}`), name, "28.0.0");
      await reader.does(`./bakery publish ${release} --to ${reader.url} --no-wait`);
    }
    const extensions = reader.workplace.file("planted");
    await plantIn(extensions, "vault", {
      fields: `versions: r.fixed(${VAULTS.map((version) => JSON.stringify(version)).join()}),
        tree: ({ version }) => [r.file("usr/share/vault/version", version)],`,
      files: {
        "usr/bin/vault": "#!/bin/sh\nread -r version </usr/share/vault/version\necho $version\nexec sleep infinity\n",
        "usr/lib/systemd/system/vault.service": service("vault"),
      },
    });
    await this.publishVault("1.19.5");
    for (const name of ["docker", "docker-compose", "vault"]) {
      await reader.does(`./bakery describe ${name} --to ${reader.url}`);
    }
  }

  async publishVault(version: Vault, ...options: string[]): Promise<void> {
    const { workplace, url } = this.reader;
    await this.reader.does(`
      BAKERY_EXTENSIONS=${workplace.file("planted")} BAKERY_URL=${url} \\
        ./bakery create vault ${version} --sysupdate --output-file vault-${version}-x86-64
      ./bakery publish vault.release.json --to ${url} ${options.join(" ")}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bakery?.stop();
    for (const part of [this.reader, this.github, this.#mirror]) await part[Symbol.asyncDispose]();
  }
}

function packageOf(program: Buffer): Buffer {
  return gzipSync(archive(entry({ path: "package/bin/workerd", mode: 0o755 }, program)));
}

/** elf(5): a head and nothing to run. */
function elfOfArm64(): Buffer {
  const head = Buffer.alloc(64);
  head.write("\x7fELF\x02\x01\x01", "latin1");
  head.writeUInt16LE(2, 16);
  head.writeUInt16LE(183, 18);
  head.writeUInt32LE(1, 20);
  return head;
}
