/** Which units an image brings, and what starts them: drop-ins and folders of symlinks. systemd.unit(5) */
import { InvalidInput, parseIni } from "../../schema/index.ts";
import type { Contents } from "../image/contents.ts";
import { fileNamesOf, looksLikeUnit } from "../image/unit-names.ts";

export interface UnitShown {
  readonly unit: string;
  readonly scope: string;
  /** Undefined where something asks for it and the image does not have it: the host must */
  readonly path?: string;
  readonly upheldBy: readonly Upholder[];
}

export interface Upholder {
  readonly unit: string;
  readonly how: (typeof SETTINGS)[number];
  /** The drop-in or the symlink that says so */
  readonly path: string;
}

interface Wish extends Upholder {
  readonly scope: string;
  readonly wanted: string;
}

const SETTINGS = ["Upholds", "Wants", "Requires"] as const;
const FOLDER = "^usr/(?:local/)?lib/systemd/(?<scope>system|user)/";
const UNIT = new RegExp(`${FOLDER}(?<unit>[^/]+)$`);
const DROP_IN = new RegExp(`${FOLDER}(?<by>[^/]+\\.[a-z]+)\\.d/[^/]+\\.conf$`);
const LINK = new RegExp(`${FOLDER}(?<by>[^/]+\\.[a-z]+)\\.(?<how>upholds|wants|requires)/(?<wanted>[^/]+)$`);

/** By name. */
export function unitsIn({ entries, texts }: Contents): UnitShown[] {
  const wishes = [...[...texts].flatMap(([path, text]) => dropInWishes(path, text)), ...linkWishes(entries)];
  const present = entries.flatMap(({ path }) => {
    const { scope, unit } = UNIT.exec(path)?.groups ?? {};
    return scope === undefined || unit === undefined || !looksLikeUnit(unit) ? [] : [{ scope, unit, path }];
  });
  const has = (wish: Wish) => present.some(({ scope, unit }) => wish.scope === scope && isOf(wish.wanted, unit));
  const absent = wishes.filter((wish) => !has(wish)).map(({ scope, wanted }) => ({ scope, unit: wanted }));
  const byName = new Map([...present, ...absent].map((unit) => [`${unit.unit} ${unit.scope}`, unit]));
  return [...byName.values()]
    .map((shown) => ({
      ...shown,
      upheldBy: wishes
        .filter(({ scope, wanted }) => scope === shown.scope && isOf(wanted, shown.unit))
        .map(({ unit, how, path }) => ({ unit, how, path })),
    }))
    .sort((a, b) => (a.unit < b.unit ? -1 : 1));
}

function isOf(wanted: string, unit: string): boolean {
  return fileNamesOf(wanted).includes(unit);
}

function dropInWishes(path: string, text: string): Wish[] {
  const { scope, by } = DROP_IN.exec(path)?.groups ?? {};
  if (scope === undefined || by === undefined) return [];
  const settings = sectionsOf(text).flatMap(({ name, entries }) => (name === "Unit" ? entries : []));
  return settings.flatMap(({ key, value }) => {
    const how = SETTINGS.find((setting) => setting === key);
    if (how === undefined) return [];
    return value
      .split(/\s+/)
      .filter((wanted) => wanted !== "")
      .map((wanted) => ({ scope, unit: by, how, path, wanted }));
  });
}

function linkWishes(entries: Contents["entries"]): Wish[] {
  return entries.flatMap(({ path }) => {
    const { scope, by, how: folder, wanted } = LINK.exec(path)?.groups ?? {};
    const how = SETTINGS.find((setting) => setting.toLowerCase() === folder);
    if (scope === undefined || by === undefined || wanted === undefined || how === undefined) return [];
    return [{ scope, unit: by, how, path, wanted }];
  });
}

/** What systemd could not read upholds nothing; that it is wrong is for the checks to say. */
function sectionsOf(text: string) {
  try {
    return parseIni(text, "drop-in");
  } catch (error) {
    if (error instanceof InvalidInput) return [];
    throw error;
  }
}
