/** A bakery that one may publish to, and a publisher that does so step by step. */
import {
  type Draft,
  formatReleaseManifest,
  type IndexRequest,
  type IndexState,
  imageFile,
  type ReleaseManifest,
} from "../../../schema/index.ts";
import type { Env } from "../../../worker/env.ts";
import type { Surroundings } from "../../../worker/services.ts";
import { type Bakery, standaloneBakery } from "./bakery.ts";
import { sha256 } from "./files.ts";

export const TOKEN = "a-token-of-good-length";

export interface TestRelease {
  readonly manifest: ReleaseManifest;
  /** What is in each file, by its name */
  readonly contents: ReadonlyMap<string, string>;
}

export interface ApiAnswer<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

/** A release with an image for each architecture and a transfer file. */
export async function testRelease(
  extension: string,
  version: string,
  image = `image of ${version}`,
): Promise<TestRelease> {
  const contents = new Map<string, string>();
  const images = await Promise.all(
    (["x86-64", "arm64"] as const).map(async (arch) => {
      const file = imageFile({ extension, version }, arch);
      const text = `${image} for ${arch}`;
      contents.set(file, text);
      const hashes = { sha256: await sha256(text), inputsDigest: "c".repeat(64) };
      return { file, arch, format: "squashfs" as const, size: text.length, ...hashes };
    }),
  );
  const transfer = `[Transfer]\nVerify=false\n# ${version}\n`;
  contents.set(`${extension}.conf`, transfer);
  const transfers = [
    { file: `${extension}.conf`, sha256: await sha256(transfer), matchPattern: `${extension}-@v-%a.raw` },
  ];
  const provenance = { builtAt: "2026-11-24T00:00:00Z", bundled: {}, downloads: [] };
  return { contents, manifest: { schemaVersion: 1, extension, version, images, transfers, provenance } };
}

export interface Asked {
  readonly body?: string | object | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

export class PublishingBakery {
  readonly bakery: Bakery;

  private constructor(bakery: Bakery) {
    this.bakery = bakery;
  }

  static async open(overrides: Partial<Env> = {}, surroundings: Partial<Surroundings> = {}): Promise<PublishingBakery> {
    const env = { PUBLISH_TOKEN_SHA256: await sha256(TOKEN), INDEX_TTL_SECONDS: "0", ...overrides };
    return new PublishingBakery(standaloneBakery(env, surroundings));
  }

  async ask<T = { error: { code: string; message: string; hint?: string } }>(
    method: string,
    path: string,
    { body, headers = {} }: Asked = {},
  ): Promise<ApiAnswer<T>> {
    const sent = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    // As every client says it that knows what it sends.
    const length = sent === undefined ? {} : { "content-length": String(new TextEncoder().encode(sent).length) };
    const response = await this.bakery.fetch(`/api/v1/extensions/${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, ...length, ...headers },
      ...(sent !== undefined && { body: sent }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
  }

  async text(path: string): Promise<string> {
    const response = await this.bakery.fetch(path);
    return response.status === 200 ? new TextDecoder().decode(await response.bytes()) : `${response.status}`;
  }

  draft({ manifest }: TestRelease): Promise<ApiAnswer<Draft>> {
    return this.ask("POST", `${manifest.extension}/releases/${manifest.version}`, {
      body: formatReleaseManifest(manifest),
    });
  }

  put({ manifest, contents }: TestRelease, draft: string, file: string, content = contents.get(file)) {
    const path = `${manifest.extension}/releases/${manifest.version}/files/${file}`;
    return this.ask("PUT", path, { body: content ?? "", headers: { "if-match": `"${draft}"` } });
  }

  commit({ manifest }: TestRelease, draft: string, body: object = {}) {
    return this.ask("POST", `${manifest.extension}/releases/${manifest.version}/commit`, {
      body,
      headers: { "if-match": `"${draft}"` },
    });
  }

  state(extension: string, scope = "index"): Promise<ApiAnswer<IndexState>> {
    return this.ask("GET", `${extension}/${scope}`);
  }

  putIndex(extension: string, request: IndexRequest, etag: string | null, scope = "index") {
    const headers: Record<string, string> = etag === null ? { "if-none-match": "*" } : { "if-match": `"${etag}"` };
    return this.ask("PUT", `${extension}/${scope}`, { body: request, headers });
  }

  /** Drafts and uploads, and gives back what a commit wants to know. */
  async upload(release: TestRelease): Promise<string> {
    const { draft, files } = (await this.draft(release)).body;
    for (const { file, missing } of files) if (missing.length > 0) await this.put(release, draft, file);
    return draft;
  }

  async commitWhole(release: TestRelease): Promise<void> {
    await this.commit(release, await this.upload(release));
  }

  /** Puts the index, and the global one, as they have to be. */
  async index(extension: string): Promise<void> {
    for (const scope of ["index", "global-index"]) {
      const { etag, text } = (await this.state(extension, scope)).body;
      await this.putIndex(extension, { text, signatures: {} }, etag, scope);
    }
  }

  /** All of it. */
  async publish(release: TestRelease): Promise<void> {
    await this.commitWhole(release);
    await this.index(release.manifest.extension);
  }
}
