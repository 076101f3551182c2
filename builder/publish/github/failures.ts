/** What it means when GitHub's API does not do what it is asked. */
import { rootMessage, UpstreamError, UserError } from "../../system/errors.ts";
import { type Failure, failedStatus, RateLimitError, RefusedError } from "../../system/http-failure.ts";

/** A write that failed. */
interface Refused {
  readonly method: string;
  readonly url: string;
  /** `owner/repository` */
  readonly repository: string;
}

/** GitHub's advice for a secondary limit that does not say how long it lasts. */
const SECONDARY_WAIT_SECONDS = "60";
const CONTENTS_HINT =
  "it needs the right contents: write; in GitHub Actions give the job `permissions: contents: write`";

/** 422: GitHub understood, and will not do it. */
export class UnprocessableError extends UpstreamError {
  /** There is a release of this tag, or an asset of this name. */
  readonly isTaken: boolean;

  constructor(message: string, url: string, errors: string) {
    super(message, { details: { url, ...(errors !== "" && { reason: errors }) } });
    this.isTaken = errors.includes("already_exists");
  }
}

/** No answer, or one that GitHub's own failure made: whether it was done is to be looked up. */
export class UncertainError extends UpstreamError {}

/** Somebody else was faster: what was begun is to be begun anew, from what there is now. */
export class ChangedMeanwhile extends Error {}

/** What an answer to a write other than 2xx means. */
export async function failureOf(
  { method, url, repository }: Refused,
  response: Response,
  text: string,
): Promise<Error> {
  const { status, statusText } = response;
  if (status === 422) return unprocessable(url, text);
  if (status >= 300 && status < 400) return moved(repository, response);
  const headers = new Headers(response.headers);
  if (/secondary rate limit/i.test(text) && headers.get("x-ratelimit-remaining") !== "0" && !headers.has("retry-after"))
    headers.set("retry-after", SECONDARY_WAIT_SECONDS);
  const failed = await failedStatus(url, new Response(null, { status, statusText, headers }));
  // Who may not write is told that there is nothing; what is to be changed or deleted may really be gone.
  const isDeniedPost = method === "POST" && status === 404;
  return isDeniedPost || isDenied(failed.error) ? mayNot(repository, failed.error) : failed;
}

/** Of a request that the token is not enough for, what to do about it. */
export function explained(error: unknown, repository: string): unknown {
  return isDenied(error) ? mayNot(repository, error) : error;
}

/** Of what may have been done, nobody shall think that it was not. */
export function uncertain({ error, passing }: Failure): Error {
  if (!passing || error instanceof RateLimitError || !(error instanceof UpstreamError)) return error;
  return new UncertainError(error.message, {
    details: error.details,
    hint: "run it again: it goes on where it ended",
    cause: error,
  });
}

/** @throws UpstreamError for what is no JSON */
export function parseAnswer(url: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UpstreamError("the answer of GitHub's API is not JSON", {
      details: { url, reason: rootMessage(cause) },
      cause,
    });
  }
}

function unprocessable(url: string, text: string): UnprocessableError {
  const { message, errors } = parseAnswer(url, text) as { message?: unknown; errors?: unknown };
  const reason = errors === undefined ? "" : JSON.stringify(errors);
  return new UnprocessableError(`GitHub will not do that: ${message ?? "422"}`, url, reason);
}

function moved(repository: string, { headers }: Response): UserError {
  return new UserError(`${repository} has another name now`, {
    details: { location: headers.get("location") ?? "" },
    hint: "publish to it by that name",
  });
}

function mayNot(repository: string, cause: UpstreamError): UserError {
  return new UserError(`GitHub does not let the token publish to ${repository}`, {
    details: cause.details,
    hint: CONTENTS_HINT,
    cause,
  });
}

function isDenied(error: unknown): error is RefusedError {
  return (
    error instanceof RefusedError &&
    !(error instanceof RateLimitError) &&
    (error.status === 401 || error.status === 403)
  );
}
