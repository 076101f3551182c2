/** SHA-256 in the spelling of `sha256sum`. */

export async function sha256Hex(bytes: ArrayBufferView): Promise<string> {
  return toHex(await crypto.subtle.digest("SHA-256", bytes));
}

export function toHex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A strong entity tag (RFC 9110 section 8.8.3): the same bytes have the same one, wherever they are stored. */
export function etagOf(sha256: string): string {
  return `"${sha256}"`;
}
