/** Conditional requests, as APIs and file servers answer them: RFC 9110 section 13. Runs in Node and in workerd. */

/** The response with its entity tag, or 304 where the client has it already. */
export async function withEntityTag(request: Request, response: Response): Promise<Response> {
  if (!response.ok) return response;
  const bytes = new Uint8Array(await response.arrayBuffer());
  const headers = new Headers(response.headers);
  headers.set("etag", `"${await sha256Of(bytes)}"`);
  if (request.headers.get("if-none-match") === headers.get("etag")) return new Response(null, { status: 304, headers });
  return new Response(bytes, { headers });
}

/** As hex. */
export async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
