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
  const { size, etag, modified } = current;
  // What a 304 repeats of the 200 (RFC 9110 section 15.4.5), and the other answers have anyway.
  const validators = {
    etag,
    "cache-control": policy.cacheControl,
    ...(modified !== undefined && { "last-modified": modified.toUTCString() }),
  };
  const content = { ...validators, "content-type": policy.contentType, "accept-ranges": "bytes" };

  switch (outcome.kind) {
    case "full":
      return respond(body, 200, { ...content, "content-length": String(size) });
    case "part": {
      const { offset, length } = outcome;
      const range = `bytes ${offset}-${offset + length - 1}/${size}`;
      return respond(body, 206, { ...content, "content-length": String(length), "content-range": range });
    }
    case "not-modified":
      return respond(null, 304, validators);
    case "precondition-failed":
      return textResponse(412, "the file is not the one that the request is about");
    case "unsatisfiable":
      return textResponse(416, `the file has ${size} bytes`, { "content-range": `bytes */${size}` });
  }
}

function respond(body: BodyInit | null, status: number, headers: Record<string, string>): Response {
  return new Response(body, { status, headers: { ...headers, "x-content-type-options": "nosniff" } });
}
