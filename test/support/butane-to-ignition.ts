/**
 * What Butane makes of a configuration, by its documented rules, as far as documents here use them: Debian has no butane.
 *
 * https://coreos.github.io/butane/config-flatcar-v1_0/
 */
import * as v from "valibot";
import { parse } from "yaml";
import { butane } from "./butane-schema.ts";

/** @throws ValiError for what `butane --strict` would refuse */
export function butaneToIgnition(text: string): unknown {
  const { variant: _variant, version: _version, ...rest } = v.parse(butane, parse(text, { version: "1.1" }));
  return { ignition: { version: "3.3.0" }, ...(translated(rest) as object) };
}

/** Names are written in another way, and texts become URLs. */
function translated(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(translated);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) =>
    key === "inline" ? ["source", `data:,${encodeURIComponent(String(inner))}`] : [camelCase(key), translated(inner)],
  );
  return Object.fromEntries(entries);
}

function camelCase(key: string): string {
  return key.replace(/_(?<letter>[a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** URLs that stand for the same text may be escaped in several ways. */
export function withPlainDataUrls(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, inner) =>
    typeof inner === "string" && inner.startsWith("data:,") ? decodeURIComponent(inner) : inner,
  );
}
