/** All that a plan downloads, on stand-ins of its upstreams, with what vouches for it, made as upstreams make it. */
import { createMessage, type PrivateKey, sign } from "openpgp";
import { contextOf } from "../../../builder/bake/context.ts";
import { fileNameOf } from "../../../builder/bake/fetch/resolve.ts";
import type { Plan } from "../../../builder/bake/plan.ts";
import type { Download, Signature } from "../../../builder/recipe/index.ts";
import { sha256 } from "../sha256.ts";
import { FakeGitHub } from "../upstreams/github.ts";
import type { Host } from "../upstreams/host.ts";
import { npmRegistry } from "../upstreams/npm-registry.ts";
import { artefact } from "./artefact.ts";
import { filled, type Published, publishedAt, readPublished } from "./fixture.ts";

const ASSET = /^https:\/\/github\.com\/(?<repository>[^/]+\/[^/]+)\/releases\/download\/(?<tag>[^/]+)\/(?<file>[^/]+)$/;
const NPM = /^npm:(?<name>@?[^@]+)@(?<version>.+)$/;
export const NPM_HOST = "npm.example";

/** @param key that signs for all upstreams */
export class Internet {
  readonly #files = new Map<string, Buffer>();
  readonly #sums = new Map<string, { lines: string[]; signature: Signature | undefined }>();
  readonly #packages: Record<string, Record<string, { tarball: Buffer }>> = {};
  readonly #key: PrivateKey;

  constructor(key: PrivateKey) {
    this.#key = key;
  }

  /** Publishes what a plan of an extension downloads. */
  async publish(extension: string, plan: Plan): Promise<void> {
    if (plan.downloads.length === 0) return;
    const published = readPublished(extension);
    const { bundled, options, ...context } = contextOf(plan);
    const words = { ...context, ...bundled };
    for (const download of plan.downloads) {
      const at = publishedAt(published, download.url, words);
      if (at === undefined) throw new RangeError(`test/fixtures/upstreams/${extension}.txt has no ${download.url}`);
      const members = at.members.map((member) => ({ ...member, path: filled(member.path, words) }));
      const bytes = await artefact(download.url, { ...at, members }, plan.arch);
      this.#put(download, bytes);
      await this.#vouch(download, at, bytes);
    }
  }

  /** What the mirror is to be asked for at a URL. */
  pathOf(url: string): string {
    const npm = NPM.exec(url)?.groups;
    if (npm !== undefined) return `${NPM_HOST}/tarballs/${encodeURIComponent(`${npm.name}@@${npm.version}`)}`;
    const { repository, tag, file } = ASSET.exec(url)?.groups ?? {};
    if (repository !== undefined) return `objects.githubusercontent.com/${repository}/${tag}/${file}`;
    return url.replace(/^https:\/\//, "");
  }

  async hosts(): Promise<Record<string, Host>> {
    for (const [url, { lines, signature }] of this.#sums) {
      const text = Buffer.from(`${lines.join("\n")}\n`);
      this.#files.set(url, text);
      if (signature !== undefined) this.#files.set(signature.url, await this.#signature(text));
    }
    const github = new FakeGitHub();
    const releases = Map.groupBy(
      [...this.#files].flatMap(([url, bytes]) => {
        const { repository = "", tag = "", file = "" } = ASSET.exec(url)?.groups ?? {};
        return repository === "" ? [] : [{ repository, tag: decodeURIComponent(tag), file, bytes }];
      }),
      ({ repository, tag }) => JSON.stringify([repository, tag]),
    );
    for (const [name, assets] of releases) {
      const [repository = "", tag = ""] = JSON.parse(name) as string[];
      github.publish(repository, { tag, assets: Object.fromEntries(assets.map(({ file, bytes }) => [file, bytes])) });
    }
    const others = [...this.#files].filter(([url]) => !ASSET.test(url));
    const plain: Host = ({ url }) => {
      const bytes = others.find(([known]) => decodeURI(known) === decodeURI(url))?.[1];
      return bytes === undefined ? new Response("Not Found\n", { status: 404 }) : new Response(new Uint8Array(bytes));
    };
    const names = new Set(others.map(([url]) => new URL(url).host));
    return {
      ...Object.fromEntries([...names].map((name) => [name, plain])),
      ...github.hosts,
      [NPM_HOST]: npmRegistry(NPM_HOST, this.#packages),
    };
  }

  #put({ url }: Download, bytes: Buffer): void {
    const npm = NPM.exec(url)?.groups as { name: string; version: string } | undefined;
    if (npm === undefined) this.#files.set(url, bytes);
    else this.#packages[npm.name] = { ...this.#packages[npm.name], [npm.version]: { tarball: bytes } };
  }

  async #vouch({ url, verify }: Download, { checksums }: Published, bytes: Buffer): Promise<void> {
    if (verify.kind === "openpgp-signature") this.#files.set(verify.signature.url, await this.#signature(bytes));
    if (verify.kind !== "checksum-file") return;
    const before = checksums === "bare" ? [] : (this.#sums.get(verify.url)?.lines ?? others());
    const lines = [...before, line(checksums, fileNameOf(url), sha256(bytes))];
    this.#sums.set(verify.url, { lines, signature: verify.signature });
  }

  async #signature(bytes: Buffer): Promise<Buffer> {
    const message = await createMessage({ binary: bytes });
    return Buffer.from(await sign({ message, signingKeys: this.#key, detached: true, format: "binary" }));
  }
}

/** Lines for files that nobody here asks for. */
function others(): string[] {
  return [`${"0".repeat(64)}  something-else-windows-386.zip`];
}

function line(form: string, file: string, hex: string): string {
  const folder = /^folder:(?<folder>.+)$/.exec(form)?.groups?.folder;
  if (folder !== undefined) return `${hex}  ${folder}/${file}`;
  if (form === "bare") return hex;
  if (form === "star") return `${hex} *${file}`;
  return `${hex}  ${form === "dot" ? "./" : ""}${file}`;
}
