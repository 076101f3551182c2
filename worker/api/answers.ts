/** Answers of the JSON API: entity tags as files have them, and errors that say what to do. */
import type { Context } from "hono";
import { type ApiError, InvalidInput } from "../../schema/index.ts";
import type { AppEnv } from "../context.ts";
import { sha256Hex } from "../digest.ts";
import { ApiProblem, BadRequest, UpstreamError } from "../errors.ts";
import { fileResponse, respond } from "../responses.ts";
import { memoryBody } from "../stores/memory-body.ts";

const POLICY = {
  contentType: "application/json",
  cacheControl: "public, max-age=60",
  absentCacheControl: "no-store",
} as const;

export async function jsonAnswer(c: Context<AppEnv>, value: object): Promise<Response> {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const request = { method: c.req.method, headers: c.req.raw.headers, waitUntil: () => {} };
  return fileResponse(memoryBody({ bytes, sha256: await sha256Hex(bytes) }, "memory", request), POLICY);
}

export function errorAnswer(status: number, error: ApiError["error"], headers: Record<string, string> = {}): Response {
  const body: ApiError = { error };
  return respond(JSON.stringify(body), status, {
    "content-type": "application/json",
    "cache-control": "no-store",
    ...headers,
  });
}

export function notFound(what: string, hint: string): Response {
  return errorAnswer(404, { code: "not_found", message: `there is no ${what}`, hint });
}

/** The same as for files, in JSON; what broke inside stands in the log. */
export function errorOf(error: unknown): Response {
  // Of what we have stored ourselves it is an UpstreamError by then.
  if (error instanceof InvalidInput) return errorAnswer(400, { code: "invalid", message: error.message });
  if (error instanceof BadRequest) return errorAnswer(400, { code: "bad_request", message: error.message });
  if (error instanceof ApiProblem) {
    const { status, code, message, hint, headers } = error;
    return errorAnswer(status, { code, message, ...(hint !== undefined && { hint }) }, headers);
  }
  if (error instanceof UpstreamError) {
    const message = "the storage behind this bakery does not answer as it should";
    return errorAnswer(503, { code: "unavailable", message, hint: "try again later" }, { "retry-after": "30" });
  }
  return errorAnswer(500, { code: "internal", message: "internal error" });
}
