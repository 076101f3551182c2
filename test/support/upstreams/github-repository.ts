/**
 * What a repository on the stand-in for GitHub has, and what the API makes of requests that it lets through.
 *
 * https://docs.github.com/en/rest/releases/releases
 * https://docs.github.com/en/rest/releases/assets
 */
import { createHash } from "node:crypto";
import { type IRequest, json } from "itty-router";
import { notFound, problem, taken } from "./github-problems.ts";

export interface StoredAsset {
  readonly id: number;
  name: string;
  state: "uploaded" | "starter";
  bytes: Uint8Array;
  /** Those from before June 2025 have none */
  hasDigest: boolean;
}

export interface StoredRelease {
  readonly id: number;
  tag: string;
  /** Its title */
  name: string;
  body: string;
  draft: boolean;
  publishedAt?: string;
  assets: StoredAsset[];
}

interface ReleaseBody {
  readonly tag_name?: string;
  readonly name?: string;
  readonly body?: string;
  readonly draft?: boolean;
  readonly make_latest?: string;
}

const PUBLISHED_AT = "2026-01-17T03:04:05Z";

/** Where things are. */
interface Addresses {
  /** Of the API */
  readonly api: string;
  readonly uploads: string;
  /** Of downloads, below which is `<tag>/<file>` */
  readonly downloads: string;
  /** Of the storage to which downloads redirect */
  readonly objects: string;
}

export class RepositoryStandIn {
  releases: StoredRelease[] = [];
  /** The tag of the release that is marked as the latest */
  latest = "";
  isImmutable = false;
  readonly #addresses: () => Addresses;
  #number = 1;

  constructor(addresses: () => Addresses) {
    this.#addresses = addresses;
  }

  /** A release as other tools have made it. */
  add(tag: string, files: Readonly<Record<string, string | Uint8Array>>, more: Partial<StoredRelease> = {}): void {
    const assets = Object.entries(files).map(([name, content]) =>
      this.#asset(name, new Uint8Array(Buffer.from(content as string))),
    );
    const id = this.#next();
    this.releases.unshift({ id, tag, name: tag, body: "", draft: false, publishedAt: PUBLISHED_AT, assets, ...more });
  }

  find(tag: string): StoredRelease | undefined {
    return this.releases.find((release) => release.tag === tag && !release.draft);
  }

  /** What a release has, by name. */
  files(tag: string): string[] {
    return (this.find(tag)?.assets ?? []).map(({ name }) => name).sort();
  }

  list({ url }: IRequest): Response {
    const { searchParams } = new URL(url);
    const size = Math.min(Number(searchParams.get("per_page") ?? 30), 100);
    const page = Number(searchParams.get("page") ?? 1);
    const items = this.releases.slice((page - 1) * size, page * size).map((release) => this.#value(release));
    const next = `${this.#addresses().api}/repositories/1/releases?per_page=${size}&page=${page + 1}`;
    const link = this.releases.length > page * size ? { link: `<${next}>; rel="next"` } : {};
    return json(items, { headers: link });
  }

  async create(request: IRequest): Promise<Response> {
    const wanted = (await request.json()) as ReleaseBody;
    const { tag_name: tag = "", name = tag, body = "", draft = false, make_latest = "true" } = wanted;
    if (!draft && this.find(tag) !== undefined) return taken("Release", "tag_name");
    const release: StoredRelease = { id: this.#next(), tag, name, body, draft, assets: [] };
    if (!draft) this.#publish(release, make_latest);
    this.releases.unshift(release);
    return json(this.#value(release), { status: 201 });
  }

  async update(request: IRequest): Promise<Response> {
    const release = this.#byId(request.params.id);
    if (release === undefined) return notFound();
    const wanted = (await request.json()) as ReleaseBody;
    const { name = release.name, draft = release.draft, make_latest = "true" } = wanted;
    if (release.draft && !draft) {
      if (this.find(release.tag) !== undefined) return taken("Release", "tag_name");
      this.#publish(release, make_latest);
    }
    release.name = name;
    return json(this.#value(release));
  }

  #publish(release: StoredRelease, makeLatest: string): void {
    Object.assign(release, { draft: false, publishedAt: PUBLISHED_AT });
    if (makeLatest === "true") this.latest = release.tag;
  }

  delete(id: number): Response {
    const release = this.#byId(id);
    if (release === undefined) return notFound();
    if (this.latest === release.tag && !release.draft) this.latest = "";
    this.releases = this.releases.filter((release) => release.id !== id);
    return new Response(null, { status: 204 });
  }

  async upload(request: IRequest): Promise<Response> {
    const release = this.#byId(request.params.id);
    if (release === undefined) return notFound();
    const name = sanitized(new URL(request.url).searchParams.get("name") ?? "");
    const bytes = new Uint8Array(await request.arrayBuffer());
    if (release.assets.some((asset) => asset.name === name)) return taken("ReleaseAsset", "name");
    const isBroken = request.headers.has("x-broken");
    if (bytes.length === 0 && !isBroken) return problem(422, "Validation Failed");
    const asset = this.#asset(name, bytes);
    release.assets.push(asset);
    if (!isBroken) return json(this.#assetValue(asset), { status: 201 });
    asset.state = "starter";
    return problem(502, "Server Error");
  }

  read({ params, headers }: IRequest): Response {
    const asset = this.asset(params.id);
    if (asset === undefined) return notFound();
    return headers.get("accept") === "application/octet-stream" ? this.#redirect(asset) : json(this.#assetValue(asset));
  }

  deleteAsset(id: number): Response {
    const release = this.releases.find(({ assets }) => assets.some((asset) => asset.id === id));
    if (release === undefined) return notFound();
    release.assets = release.assets.filter((asset) => asset.id !== id);
    return new Response(null, { status: 204 });
  }

  download({ tag = "", file = "" }: IRequest["params"]): Response {
    const assets = this.find(decodeURIComponent(tag))?.assets ?? [];
    const asset = assets.find(({ name, state }) => name === decodeURIComponent(file) && state === "uploaded");
    return asset === undefined ? notFound() : this.#redirect(asset);
  }

  #redirect({ id }: StoredAsset): Response {
    return new Response(null, { status: 302, headers: { location: `${this.#addresses().objects}/${id}` } });
  }

  byTag(tag: string): Response {
    return this.#describe(this.find(tag));
  }

  byId(id: number): Response {
    return this.#describe(this.#byId(id));
  }

  #describe(release: StoredRelease | undefined): Response {
    return release === undefined ? notFound() : json(this.#value(release));
  }

  #value({ id, tag, name, body, draft, publishedAt, assets }: StoredRelease) {
    const downloads = `${this.#addresses().downloads}/${draft ? "untagged" : encodeURIComponent(tag)}`;
    return {
      id,
      tag_name: tag,
      name,
      body,
      draft,
      immutable: this.isImmutable && !draft,
      published_at: publishedAt ?? null,
      upload_url: `${this.#addresses().uploads}/uploads/${id}/assets{?name,label}`,
      assets: assets.map((asset) => ({
        ...this.#assetValue(asset),
        browser_download_url: `${downloads}/${encodeURIComponent(asset.name)}`,
      })),
    };
  }

  #assetValue({ id, name, state, bytes, hasDigest }: StoredAsset) {
    const digest =
      hasDigest && state === "uploaded" ? `sha256:${createHash("sha256").update(bytes).digest("hex")}` : null;
    return { id, name, state, size: bytes.length, digest };
  }

  #asset(name: string, bytes: Uint8Array): StoredAsset {
    return { id: this.#next(), name, state: "uploaded", bytes, hasDigest: true };
  }

  #byId(id: unknown): StoredRelease | undefined {
    return this.releases.find((release) => release.id === Number(id));
  }

  asset(id: unknown): StoredAsset | undefined {
    return this.releases.flatMap(({ assets }) => assets).find((asset) => asset.id === Number(id));
  }

  #next(): number {
    this.#number += 1;
    return this.#number;
  }
}

/** What GitHub makes of names; `+` stays, where it comes escaped. */
function sanitized(name: string): string {
  return name.replace(/[^A-Za-z0-9.+_-]+/g, ".");
}
