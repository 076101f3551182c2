/**
 * A registry that asks for tokens, keeps blobs on a host of their own, and fails as told: what a real one on a loopback
 * port does not do.
 *
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 * https://distribution.github.io/distribution/spec/auth/token/
 */
import { type IRequest, IttyRouter, json } from "itty-router";
import { digestOf, type OciImage } from "../oci-image.ts";
import type { Host } from "./host.ts";

export interface TokenService {
  /** Where tokens are to be had. */
  readonly realm: string;
  /** Who gets one; undefined: everybody. */
  readonly user?: { readonly name: string; readonly password: string } | undefined;
  /** What stands for the login. */
  readonly identityToken?: string;
}

export class FakeRegistry {
  /** Undefined: nobody is asked who they are. */
  tokens: TokenService | undefined;
  /** Blobs are redirected to `<storage>/<digest>`, which takes no credentials; undefined: it has them itself. */
  storage: string | undefined;
  /** Not every registry says the digest of a manifest. */
  saysDigest = true;
  /** Answers to requests for manifests, in turn, in place of its own. */
  readonly instead: (() => Response)[] = [];
  /** How many requests a token is good for. */
  tokenUses = Number.POSITIVE_INFINITY;
  readonly #manifests = new Map<string, { bytes: Buffer; mediaType: string }>();
  readonly #blobs = new Map<string, Buffer>();
  #tokensGiven = 0;
  #uses = 0;

  put(repository: string, tag: string, image: OciImage): void {
    const { blobs, top } = image;
    for (const [digest, bytes] of blobs) {
      this.#blobs.set(digest, bytes);
      this.#manifests.set(`${repository}@${digest}`, { bytes, mediaType: mediaTypeOf(bytes) ?? top.mediaType });
    }
    this.putManifest(repository, tag, blobs.get(top.digest) ?? Buffer.alloc(0), top.mediaType);
  }

  /** Whatever bytes, as a manifest. */
  putManifest(repository: string, tag: string, bytes: Buffer, mediaType: string): void {
    for (const name of [`:${tag}`, `@${digestOf(bytes)}`]) this.#manifests.set(repository + name, { bytes, mediaType });
  }

  /** Other bytes for a blob than its digest says; undefined: none. */
  replaceBlob(digest: string, bytes: Buffer | undefined): void {
    if (bytes === undefined) this.#blobs.delete(digest);
    else this.#blobs.set(digest, bytes);
  }

  /** By the first part of the path: `/v2/…` of a loopback registry, and beside it `/token` and `/storage`. */
  get paths(): Record<string, Host> {
    return {
      v2: (request) => this.answer(new URL(request.url).pathname, request),
      token: this.token,
      storage: this.stored,
    };
  }

  /** A registry at a host of the internet. */
  get host(): Host {
    return (request) => this.answer(new URL(request.url).pathname.replace(/^\/v2/, ""), request);
  }

  readonly token: Host = async (request) => {
    const { user, identityToken } = this.tokens ?? {};
    const form = request.method === "POST" ? new URLSearchParams(await request.text()) : undefined;
    const basic = user && `Basic ${Buffer.from(`${user.name}:${user.password}`).toString("base64")}`;
    const isKnown =
      form === undefined
        ? user === undefined || request.headers.get("authorization") === basic
        : form.get("grant_type") === "refresh_token" && form.get("refresh_token") === identityToken;
    if (!isKnown) return problem(401, "UNAUTHORIZED", "incorrect username or password");
    this.#tokensGiven += 1;
    this.#uses = 0;
    const token = `token-${this.#tokensGiven}`;
    return json(form === undefined ? { token, expires_in: 300 } : { access_token: token });
  };

  readonly stored: Host = (request) => {
    // As S3 has it: two ways to say who one is are one too many.
    if (request.headers.has("authorization")) return new Response("only one auth mechanism allowed", { status: 400 });
    return this.#blob(decodeURIComponent(new URL(request.url).pathname.split("/").at(-1) ?? ""));
  };

  private async answer(path: string, request: Request): Promise<Response> {
    const router = IttyRouter();
    router
      .all("*", () => this.#challenge(request))
      .get("/:repository+/manifests/:name", ({ params }) => this.instead.shift()?.() ?? this.#manifest(params))
      .get("/:repository+/blobs/:digest", ({ params }) => {
        if (this.storage === undefined) return this.#blob(decodeURIComponent(params.digest ?? ""));
        const headers = { location: `${this.storage}/${params.digest}?X-Signature=signed-address` };
        return new Response(null, { status: 307, headers });
      })
      .all("*", () => problem(404, "NAME_UNKNOWN", "repository name not known to registry"));
    return router.fetch(new Request(`https://registry${path}`, { headers: request.headers }));
  }

  #challenge(request: Request): Response | undefined {
    if (this.tokens === undefined) return undefined;
    this.#uses += 1;
    const isGood =
      this.#tokensGiven > 0 && request.headers.get("authorization") === `Bearer token-${this.#tokensGiven}`;
    if (isGood && this.#uses <= this.tokenUses) return undefined;
    const challenge = `Bearer realm="${this.tokens.realm}",service="registry.example",scope="repository:tool:pull"`;
    return problem(401, "UNAUTHORIZED", "authentication required", { "www-authenticate": challenge });
  }

  #manifest({ repository, name = "" }: IRequest["params"]): Response {
    const decoded = decodeURIComponent(name);
    const found = this.#manifests.get(`${repository}${decoded.includes(":") ? "@" : ":"}${decoded}`);
    if (found === undefined) return problem(404, "MANIFEST_UNKNOWN", "manifest unknown");
    const digest = this.saysDigest ? { "docker-content-digest": digestOf(found.bytes) } : {};
    return new Response(new Uint8Array(found.bytes), { headers: { "content-type": found.mediaType, ...digest } });
  }

  #blob(digest: string): Response {
    const bytes = this.#blobs.get(digest);
    if (bytes === undefined) return problem(404, "BLOB_UNKNOWN", "blob unknown to registry");
    return new Response(new Uint8Array(bytes), { headers: { "accept-ranges": "bytes", etag: `"${digest}"` } });
  }
}

export function problem(status: number, code: string, message: string, headers: Record<string, string> = {}): Response {
  return json({ errors: [{ code, message, detail: {} }] }, { status, headers });
}

function mediaTypeOf(bytes: Buffer): string | undefined {
  try {
    return (JSON.parse(bytes.toString("utf8")) as { mediaType?: string }).mediaType;
  } catch {
    return undefined;
  }
}
