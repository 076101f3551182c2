/** The log: one line of JSON for each request, and one for each problem that no client was to notice. */
import type { PublicPath } from "../schema/index.ts";
import type { Clock } from "./context.ts";
import { pathnameOf } from "./path.ts";
import type { Source } from "./stores/store.ts";

/** What only a handler knows of its request. */
export interface RequestRecord {
  /** The file of the bakery that it is about */
  path?: PublicPath;
  /** What else it is about */
  page?: "catalogue" | "documentation" | "docs" | "api" | "badge" | "site";
  /** Who changes something: the run of a pipeline, or the beginning of a token's hash */
  publisher?: string;
  source?: Source;
  /** Of a file, as they were sent */
  bytes?: number;
  error?: unknown;
}

export interface LoggedRequest {
  readonly request: Request;
  readonly response: Response;
  readonly record: RequestRecord;
  /** Milliseconds */
  readonly start: number;
  readonly end: number;
}

const MAX_PATH_LENGTH = 1024;
const MAX_CLIENT_LENGTH = 100;

/**
 * Logs a request that is answered. `ms` is the time to the response's head, as the runtime counts it: its clock stands
 * still while code runs and moves with I/O, so that an answer from memory takes 0.
 */
export function logRequest({ request, response, record, start, end }: LoggedRequest): void {
  const { method, url, headers } = request;
  const { status } = response;
  const { path, page, publisher, source, bytes, error } = record;
  write(status >= 500 ? "error" : "info", {
    time: new Date(start).toISOString(),
    method,
    path: pathnameOf(url).slice(0, MAX_PATH_LENGTH),
    status,
    kind: path?.kind ?? page,
    publisher,
    source,
    ms: end - start,
    bytes,
    client: headers.get("user-agent")?.slice(0, MAX_CLIENT_LENGTH),
    error: error && describe(error),
    // Of what we did not foresee, where it came from.
    stack: status === 500 && error instanceof Error ? error.stack : undefined,
  });
}

/** Something failed and was made good for: the request that met it is answered as if nothing was. */
export function logProblem(problem: string, error: unknown, now: Clock): void {
  write("error", { time: new Date(now()).toISOString(), problem, error: describe(error) });
}

/** What an operator should know, though nothing has failed. */
export function logNotice(notice: string, now: Clock): void {
  write("info", { time: new Date(now()).toISOString(), notice });
}

function write(level: "info" | "error", line: object): void {
  // Workers Logs reads JSON text into fields, and takes the level from the method.
  console[level](JSON.stringify(line));
}

/** The chain of causes on one line; `UpstreamError: R2 cannot read a/b: Error: 10001 internal error`. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `: ${describe(error.cause)}`;
  return `${error.name}: ${error.message}${cause}`;
}
