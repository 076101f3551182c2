/** A Butane configuration as text. */
import { Document, isScalar, visit } from "yaml";
import type { Butane } from "./config.ts";

/** In YAML of version 1.1, where a mode is `0644` as everybody writes it, and Butane reads it. */
export function formatButane(config: Butane): string {
  const document = new Document(config, { version: "1.1" });
  visit(document, {
    Pair(_, { key, value }) {
      if (isScalar(key) && key.value === "mode" && isScalar(value)) value.format = "OCT";
    },
  });
  return document.toString({ lineWidth: 0, directives: false });
}
