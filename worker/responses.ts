/** Makes responses of what stores found, and of what went wrong. */
import type { Representation } from "./conditional.ts";
import type { StoredBody, StoredFile } from "./stores/store.ts";

/** How one kind of file is served. */
export interface FilePolicy {
  readonly contentType: string;
  readonly cacheControl: string;
  /** `cache-control` where the bucket has no such file (yet): of the redirect, and of the 404 */
  readonly absentCacheControl: string;
}

/** A sentence for people; failures are not to be cached unless `headers` says so. */
export function textResponse(status: number, message: string, headers: Record<string, string> = {}): Response {
  const defaults = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };
  return respond(`${message}\n`, status, { ...defaults, ...headers });
}

/** A page that needs nothing but itself: no script, nothing from elsewhere, not in a frame. */
export function htmlResponse(page: string, cacheControl: string): Response {
  return respond(page, 200, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": cacheControl,
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
  });
}

/** 302, as the reference's server answers: what is not in the bucket today may be tomorrow. */
export function redirect(location: string, cacheControl: string): Response {
  return respond(null, 302, { location, "cache-control": cacheControl });
}

export function fileResponse(file: StoredFile, policy: FilePolicy): Response {
  return file.kind === "redirect"
    ? redirect(file.location, policy.absentCacheControl)
    : bodyResponse(file, file.representation, policy);
}

function bodyResponse({ outcome, body }: StoredBody, current: Representation, policy: FilePolicy): Response {
  const { size } = current;
  switch (outcome.kind) {
    case "full":
      return respond(body, 200, contentHeaders(current, policy, size));
    case "part": {
      const { offset, length } = outcome;
      const headers = contentHeaders(current, policy, length);
      headers["content-range"] = `bytes ${offset}-${offset + length - 1}/${size}`;
      return respond(body, 206, headers);
    }
    case "not-modified":
      return respond(null, 304, validators(current, policy));
    case "precondition-failed":
      return textResponse(412, "the file is not the one that the request is about");
    case "unsatisfiable":
      return textResponse(416, `the file has ${size} bytes`, { "content-range": `bytes */${size}` });
  }
}

type MutableHeaders = Record<string, string>;

/** What a 304 repeats of the 200 (RFC 9110 section 15.4.5), and the other answers have anyway. */
function validators({ etag, modified }: Representation, { cacheControl }: FilePolicy): MutableHeaders {
  const headers: MutableHeaders = { etag, "cache-control": cacheControl };
  if (modified !== undefined) headers["last-modified"] = modified.toUTCString();
  return headers;
}

function contentHeaders(current: Representation, policy: FilePolicy, length: number): MutableHeaders {
  const headers = validators(current, policy);
  headers["content-type"] = policy.contentType;
  headers["accept-ranges"] = "bytes";
  headers["content-length"] = String(length);
  return headers;
}

/** @param headers are added to: an object for each step would be felt where everything else comes from memory */
export function respond(body: BodyInit | null, status: number, headers: MutableHeaders): Response {
  headers["x-content-type-options"] = "nosniff";
  return new Response(body, { status, headers });
}
