/** What can go wrong, by whose fault it is. A message says what failed and on what; a hint says what to do. */

export interface ErrorOptions {
  /** Named facts below the message, in order: `{ url, expected, actual }`. */
  readonly details?: Readonly<Record<string, string>>;
  readonly hint?: string;
  readonly cause?: unknown;
  /** What was found out before it failed, for programs. */
  readonly value?: unknown;
}

export abstract class BakeryError extends Error {
  readonly details: Readonly<Record<string, string>>;
  readonly hint: string | undefined;
  readonly value: unknown;
  /** 1: it failed; 2: it was asked for in a way that cannot work. */
  readonly exitCode: 1 | 2 = 1;

  constructor(message: string, { details = {}, hint, cause, value }: ErrorOptions = {}) {
    super(message, { cause });
    this.details = details;
    this.hint = hint;
    this.value = value;
  }
}

/** The command was misused: an option, an extension's name, a file that is not there. */
export class UsageError extends BakeryError {
  override readonly name = "UsageError";
  override readonly exitCode = 2;
}

/** What was given is wrong: a recipe, an image's content, a release that is published already. */
export class UserError extends BakeryError {
  override readonly name = "UserError";
}

/** A server on the network did not answer, or not with what it should have. */
export class UpstreamError extends BakeryError {
  override readonly name = "UpstreamError";
}

/** The server answered that there is no such thing: often a version that does not exist. */
export class NotFoundError extends UpstreamError {}

/** What came is not what it should be: none of it is worth keeping. */
export class WrongContentError extends UpstreamError {}

/** A program that we ran failed, or is not installed; or the system refused, as with a full disk. */
export class ToolError extends BakeryError {
  override readonly name = "ToolError";
}

/** Node's word for why a system call failed, `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** The innermost reason: fetch says "fetch failed" and keeps why in `cause`. */
export function rootMessage(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return rootMessage(error.errors[0]);
  if (error instanceof Error) return error.cause === undefined ? error.message : rootMessage(error.cause);
  return String(error);
}
