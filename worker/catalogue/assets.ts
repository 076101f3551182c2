/** Style and script of the pages, by addresses that change with what is in them: so caches keep them for ever. */
import { respond } from "../responses.ts";
import SCRIPT from "./browser/script.js" with { type: "text" };
import { STYLE } from "./style.ts";

interface Asset {
  readonly path: string;
  readonly type: string;
  readonly text: string;
}

export const STYLESHEET = asset("catalogue", "css", "text/css; charset=utf-8", STYLE);
export const ENHANCEMENT = asset("catalogue", "js", "text/javascript; charset=utf-8", SCRIPT);

/** @returns undefined for what is none of ours, or has changed since */
export function serveAsset(path: string): Response | undefined {
  const found = [STYLESHEET, ENHANCEMENT].find((it) => it.path === path);
  if (found === undefined) return undefined;
  return respond(found.text, 200, {
    "content-type": found.type,
    "cache-control": "public, max-age=31536000, immutable",
  });
}

function asset(name: string, extension: string, type: string, text: string): Asset {
  return { path: `/assets/${name}-${fingerprint(text)}.${extension}`, type, text };
}

/** FNV-1a, 32 bits: it tells versions of our own files apart, which no attacker makes. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
