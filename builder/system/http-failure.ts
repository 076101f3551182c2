/** Tells the failures of HTTP apart: which may pass, when to try again, and what to say. */
import { type ErrorOptions, NotFoundError, rootMessage, UpstreamError } from "./errors.ts";

/** A request that failed. */
export interface Failure {
  readonly error: Error;
  /** Whether trying again may help. */
  readonly passing: boolean;
  /** When the server says that it may be asked again, from now. Milliseconds. */
  readonly retryAfter?: number | undefined;
}

/** The server refused. */
export class RefusedError extends UpstreamError {
  readonly status: number;
  /** How one is to say who one is: RFC 9110 section 11.6.1. */
  readonly challenge: string | undefined;

  constructor(message: string, { status, headers }: Response, options: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.challenge = headers.get("www-authenticate") ?? undefined;
  }
}

/** It would have answered at another time. */
export class RateLimitError extends RefusedError {}

class StatusError extends Error implements Failure {
  readonly error: UpstreamError;
  readonly passing: boolean;
  readonly retryAfter: number | undefined;

  constructor(error: UpstreamError, passing: boolean, retryAfter: number | undefined) {
    super(error.message);
    this.error = error;
    this.passing = passing;
    this.retryAfter = retryAfter;
  }
}

/** What an answer other than 2xx means. */
export async function failedStatus(url: string, response: Response): Promise<StatusError> {
  await response.body?.cancel();
  const { status, headers } = response;
  const details = { url, status: `${status} ${response.statusText}`.trim() };
  const retryAfter = parseRetryAfter(headers.get("retry-after"));

  if (status === 404 || status === 410) {
    return new StatusError(new NotFoundError("not found upstream", { details }), false, undefined);
  }
  // GitHub says "forbidden" where a rate limit is used up, and where one asks too much at once.
  const limited = headers.get("x-ratelimit-remaining") === "0" || retryAfter !== undefined;
  if (status === 429 || (status === 403 && limited)) {
    const reset = resetOf(headers);
    const wait = retryAfter ?? reset?.wait;
    const until = retryAfter === undefined ? reset?.at : Date.now() + retryAfter;
    const when = until === undefined ? "" : ` until ${isoTime(until)}`;
    const hint = "wait, or set GITHUB_TOKEN for GitHub's higher limit";
    const error = new RateLimitError(`rate limit used up${when}`, response, { details, hint });
    return new StatusError(error, wait !== undefined, wait);
  }
  return new StatusError(new RefusedError("upstream refused", response, { details }), status >= 500, retryAfter);
}

/**
 * When GitHub lifts its limit, by its own clock, for ours may be another: milliseconds since 1970, and from now.
 *
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
function resetOf(headers: Headers): { readonly at: number; readonly wait: number } | undefined {
  const value = headers.get("x-ratelimit-reset") ?? "";
  if (!/^[0-9]{1,12}$/.test(value)) return undefined;
  const at = Number(value) * 1_000;
  const now = Date.parse(headers.get("date") ?? "");
  return { at, wait: Math.max(0, at - (Number.isNaN(now) ? Date.now() : now)) };
}

/** What is beyond all dates is as good as never. */
function isoTime(milliseconds: number): string {
  return new Date(Math.min(milliseconds, Date.UTC(9999, 0))).toISOString();
}

/** RFC 9110 section 10.2.3: seconds, or a date. In milliseconds from now. */
export function parseRetryAfter(value: string | null): number | undefined {
  if (value === null) return undefined;
  const wait = /^[0-9]+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}

/** What an error means that came up while asking or reading. */
export function asFailure(url: string, error: unknown): Failure {
  if (error instanceof StatusError) return error;
  if (error instanceof UpstreamError) return { error, passing: false };
  // Refusals of this machine's file system are none of the network's; those of sockets come as a cause.
  if (error instanceof Error && "syscall" in error) return { error, passing: false };
  const unreachable = new UpstreamError("upstream cannot be reached", {
    details: { url, reason: rootMessage(error) },
    hint: "check the network; behind a mirror, set BAKERY_MIRROR",
    cause: error,
  });
  return { error: unreachable, passing: true };
}
