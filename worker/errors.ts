/** What can go wrong, and the one place that turns it into an answer. */
import { textResponse } from "./responses.ts";

/** The request itself is wrong. The message goes to the client. */
export class BadRequest extends Error {
  override readonly name = "BadRequest";
}

export interface ApiProblemOptions {
  readonly hint?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What somebody asks of the API cannot be done. All of it goes to the client. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly status: number;
  /** For programs */
  readonly code: string;
  readonly hint: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, { hint, headers = {} }: ApiProblemOptions = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
    this.headers = headers;
  }
}

export type Upstream = "R2" | "KV" | "GitHub" | "OIDC issuer";

/** A storage or another server failed us; trying again may help. The message goes to the log only. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  readonly upstream: Upstream;
  /** When the upstream wants to be asked again, where it says so */
  readonly retryAfterSeconds: number | undefined;

  /** @param problem follows the upstream's name: "cannot read a/b" */
  constructor(
    upstream: Upstream,
    problem: string,
    { cause, retryAfterSeconds }: { cause?: unknown; retryAfterSeconds?: number | undefined } = {},
  ) {
    super(`${upstream} ${problem}`, { cause });
    this.upstream = upstream;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The longest time that an upstream's own `Retry-After` is believed. */
export const MAX_RETRY_AFTER_SECONDS = 900;
/** What clients are told. */
const RETRY_AFTER_SECONDS = 30;

/** Says no more than a client may know: what broke inside stands in the log line of the request. */
export function answerError(error: unknown): Response {
  if (error instanceof BadRequest) return textResponse(400, error.message);
  if (error instanceof UpstreamError) {
    // RFC 9110 section 10.2.3
    const headers = { "retry-after": String(RETRY_AFTER_SECONDS) };
    return textResponse(503, "the storage behind this bakery does not answer as it should, try again later", headers);
  }
  return textResponse(500, "internal error");
}
