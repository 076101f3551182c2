/** What can go wrong, and the one place that turns it into an answer. */
import { textResponse } from "./responses.ts";

/** The request itself is wrong. The message goes to the client. */
export class BadRequest extends Error {
  override readonly name = "BadRequest";
}

/** A storage or another server failed us; trying again may help. The message goes to the log only. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
}

const RETRY_AFTER_SECONDS = 30;

/** Says no more than a client may know: what broke inside stands in the log line of the request. */
export function answerError(error: Error): Response {
  if (error instanceof BadRequest) return textResponse(400, error.message);
  if (error instanceof UpstreamError) {
    // RFC 9110 section 10.2.3
    const headers = { "retry-after": String(RETRY_AFTER_SECONDS) };
    return textResponse(503, "the storage behind this bakery does not answer as it should, try again later", headers);
  }
  return textResponse(500, "internal error");
}
