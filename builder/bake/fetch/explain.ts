/** Errors of downloads say what the download was for: many are under way at once, for several images. */
import { NotFoundError, UpstreamError, WrongContentError } from "../../system/errors.ts";
import type { Plan } from "../plan.ts";

type Subject = Pick<Plan, "extension" | "version" | "arch">;

/** Performs a part of a fetch; what upstream is at fault for is thrown with the extension, its version and its arch. */
export async function explained<T>(subject: Subject, perform: () => Promise<T>): Promise<T> {
  try {
    return await perform();
  } catch (error) {
    throw error instanceof UpstreamError ? explain(subject, error) : error;
  }
}

/** Parts of a fetch wait for each other: what has been explained stays as it is. */
function explain(subject: Subject, error: UpstreamError): UpstreamError {
  if (error instanceof ExplainedNotFoundError || "for" in error.details) return error;
  if (error instanceof NotFoundError) return new ExplainedNotFoundError(subject, error);
  const Kind = error instanceof WrongContentError ? WrongContentError : UpstreamError;
  const hint = error.hint === undefined ? {} : { hint: error.hint };
  return new Kind(error.message, { details: withSubject(subject, error.details), ...hint, cause: error });
}

/** For `details`: whose it is, `kubernetes v1.32.2 arm64`, before what else there is. */
export function withSubject(
  { extension, version, arch }: Subject,
  details: Readonly<Record<string, string>>,
): Record<string, string> {
  return { for: `${extension} ${version} ${arch}`, ...details };
}

/** Upstream's "not found" mostly means that there is no such version; or upstream calls its files otherwise now. */
class ExplainedNotFoundError extends NotFoundError {
  constructor({ extension, version, arch }: Subject, error: NotFoundError) {
    super(`${extension} ${version} is not there for ${arch}: ${error.message}`, {
      details: error.details,
      hint: error.hint ?? `./bakery list ${extension} shows the versions that are`,
      cause: error,
    });
  }
}
