/** Requests to other servers: redirects are followed a few times, and secrets go no further than the first server. */

export type Fetch = (url: URL, init: RequestInit) => Promise<Response>;

export interface OutgoingRequest {
  readonly headers: Readonly<Record<string, string>>;
  /** Headers for the server that is asked, and for no other that it leads to */
  readonly secret?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

const MAX_REDIRECTS = 4;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** @throws Error for redirects without end, to nowhere, or from https to http */
export async function follow(
  fetch: Fetch,
  url: string,
  { headers, secret, signal }: OutgoingRequest,
): Promise<Response> {
  let at = new URL(url);
  const { origin } = at;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    const allowed = at.origin === origin ? { ...headers, ...secret } : headers;
    const response = await fetch(at, { headers: allowed, redirect: "manual", signal });
    if (!REDIRECTS.includes(response.status)) return response;

    await response.body?.cancel();
    const location = URL.parse(response.headers.get("location") ?? "", at);
    const isDowngrade = at.protocol === "https:" && location?.protocol !== "https:";
    if (location === null || isDowngrade) throw new Error(`${at.host} redirects to nowhere`);
    at = location;
  }
  throw new Error(`${origin} redirects more than ${MAX_REDIRECTS} times`);
}

/** @throws Error for a body that is longer, whatever its header says of it */
export async function boundedBytes(message: Request | Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of message.body ?? []) {
    length += chunk.length;
    if (length > maxBytes) throw new Error(`the body has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
