/** What a registry asks for before it answers: RFC 9110 section 11.6.1. */

export interface Challenge {
  /** lower case: `bearer`, `basic` */
  readonly scheme: string;
  /** By lower-case name: `realm`, `service`, `scope`. */
  readonly parameters: Readonly<Record<string, string>>;
}

const PART =
  /(?<key>[A-Za-z0-9_-]+)\s*=\s*(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<plain>[^\s,"]+))|(?<scheme>[A-Za-z0-9_-]+)(?=\s|,|$)/g;

/** A header may hold several: a scheme, then its parameters, then the next scheme. */
export function parseChallenges(header: string): Challenge[] {
  const found: { scheme: string; parameters: Record<string, string> }[] = [];
  for (const { groups } of header.matchAll(PART)) {
    const { key, quoted, plain, scheme } = groups ?? {};
    if (scheme !== undefined) found.push({ scheme: scheme.toLowerCase(), parameters: {} });
    const last = found.at(-1);
    if (key !== undefined && last !== undefined) {
      last.parameters[key.toLowerCase()] = quoted?.replace(/\\(.)/g, "$1") ?? plain ?? "";
    }
  }
  return found;
}
