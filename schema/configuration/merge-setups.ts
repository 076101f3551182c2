/**
 * What several extensions want of one machine beside their images. Extensions that stand in for the same thing want the
 * same of it (docker and containerd both hide Flatcar's containerd); Ignition refuses a path, a unit, a drop-in or a
 * user that is there twice.
 */
import type { HostProfile } from "../extension-profile.ts";
import { InvalidInput } from "../invalid-input.ts";
import type { ConfiguredFile, ConfiguredLink, ConfiguredUnit, ConfiguredUser } from "./host-configuration.ts";

export interface NamedSetup {
  /** The extension's */
  readonly name: string;
  readonly host: HostProfile;
}

export interface MergedSetups {
  readonly files: readonly ConfiguredFile[];
  readonly links: readonly ConfiguredLink[];
  readonly users: readonly ConfiguredUser[];
  /** Some of them twice: `mergeUnits` */
  readonly units: readonly ConfiguredUnit[];
}

/** @throws InvalidInput naming two extensions that want different things in one place */
export function mergeSetups(setups: readonly NamedSetup[]): MergedSetups {
  const each = <T>(of: (host: HostProfile) => readonly T[]) =>
    setups.flatMap(({ name, host }) => of(host).map((value) => ({ owner: name, value })));
  const files = each(({ files = [] }) => files.map(({ text, ...file }) => ({ ...file, contents: { text } })));
  const links = [...each(({ links = [] }) => links), ...each(enabling)];
  // Together, for a file and a link may be in each other's way too.
  const places = once<ConfiguredFile | ConfiguredLink>([...files, ...links], ({ path }) => path);
  const dropins = each(({ dropins = [] }) => dropins);
  return {
    files: places.filter((place) => "contents" in place),
    links: places.filter((place) => "target" in place),
    users: once(
      each(({ users = [] }) => users),
      ({ name }) => `user ${name}`,
    ),
    units: [
      ...each(({ mask = [] }) => mask).map(({ value: name }) => ({ name, mask: true as const })),
      ...once(dropins, ({ unit, name }) => `${unit}.d/${name}`).map(({ unit, name, text }) => ({
        name: unit,
        dropins: [{ name, contents: text }],
      })),
    ],
  };
}

/** A unit that is masked and has drop-ins stands there once. */
export function mergeUnits(units: readonly ConfiguredUnit[]): ConfiguredUnit[] {
  return [...Map.groupBy(units, ({ name }) => name)].map(([name, parts]) => {
    const dropins = parts.flatMap((part) => part.dropins ?? []);
    return {
      name,
      ...(parts.some(({ enabled }) => enabled) && { enabled: true as const }),
      ...(parts.some(({ mask }) => mask) && { mask: true as const }),
      ...(dropins.length > 0 && { dropins }),
    };
  });
}

/**
 * What `systemctl enable` would make. Ignition's own way is a preset, which is applied before there is an image: a unit
 * that comes with one is not there yet.
 */
function enabling({ enable = [] }: HostProfile): ConfiguredLink[] {
  return enable.map((path) => {
    const unit = path.slice(path.lastIndexOf("/") + 1);
    return { path: `/etc/systemd/system/multi-user.target.wants/${unit}`, target: `/${path}` };
  });
}

/** The first of each; what is there again has to be the same. */
function once<T>(all: readonly { readonly owner: string; readonly value: T }[], placeOf: (value: T) => string): T[] {
  const found = new Map<string, { readonly owner: string; readonly value: T }>();
  for (const { owner, value } of all) {
    const place = placeOf(value);
    const other = found.get(place);
    if (other === undefined) found.set(place, { owner, value });
    else if (sorted(other.value) !== sorted(value)) {
      throw new InvalidInput("with", `${other.owner} and ${owner} want different things of ${place}`);
    }
  }
  return [...found.values()].map(({ value }) => value);
}

/** Profiles come from documents, whose keys are in any order. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
