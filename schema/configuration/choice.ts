/**
 * What somebody wants of a machine: which extensions, how it follows them, and in which form that is to be written. It
 * is a query string too, short and stable, so that a choice can be shared.
 */
import { ARCHES, type Arch, isArch } from "../arch.ts";
import { InvalidInput } from "../invalid-input.ts";
import { checkExtensionName, isVersion } from "../names.ts";

export const FORMATS = ["butane", "ignition", "shell", "ansible"] as const;
/** `advised`: the patch releases of a series where the extension says so or a series was asked for, else every version */
export const FOLLOWED = ["advised", "every", "series", "off"] as const;
/** `advised`: newer versions are merged and units restarted, or a restart of the machine is asked for, as recipes say */
export const AFTER_UPDATE = ["advised", "reboot", "nothing"] as const;

export type ConfigurationFormat = (typeof FORMATS)[number];
export type Followed = (typeof FOLLOWED)[number];
export type AfterUpdate = (typeof AFTER_UPDATE)[number];

export interface ChosenExtension {
  readonly name: string;
  /** A version, or a minor series, of which the newest is meant; none: the newest of all */
  readonly version?: string;
}

export interface Choice {
  /** The one that it is about, and others beside it */
  readonly extensions: readonly [ChosenExtension, ...ChosenExtension[]];
  readonly arch: Arch;
  readonly follow: Followed;
  readonly after: AfterUpdate;
  /** Whether machines demand a signed index; undefined: where the bakery signs */
  readonly verify?: boolean;
  /** The machine's systemd; undefined: whichever it is */
  readonly systemd?: number;
  readonly format: ConfigurationFormat;
}

/** In the order in which a query string has them. */
export const CHOICE_PARAMETERS = ["version", "with", "arch", "follow", "after", "verify", "systemd", "format"] as const;
export type ChoiceParameter = (typeof CHOICE_PARAMETERS)[number];

/** systemd-sysupdate came with 251. */
export const MIN_SYSTEMD = 251;
export const MAX_SYSTEMD = 999;
/** So that nobody can have a server read any number of documents. */
export const MAX_EXTENSIONS = 16;

export interface LabelledValue {
  readonly value: string;
  readonly label: string;
}

/** For forms and help: the first of each is what counts if nothing is said, and is left out of query strings. */
export const CHOICE_VALUES = {
  arch: [
    { value: "x86-64", label: "x86-64" },
    { value: "arm64", label: "arm64" },
  ],
  follow: [
    { value: "advised", label: "as the extension advises" },
    { value: "every", label: "every version" },
    { value: "series", label: "patch releases of the minor series" },
    { value: "off", label: "no updates" },
  ],
  after: [
    { value: "advised", label: "merge it and restart services, or ask for a reboot, as the extension advises" },
    { value: "reboot", label: "ask for a reboot" },
    { value: "nothing", label: "nothing: merged at the next boot" },
  ],
  verify: [
    { value: "", label: "where the bakery signs" },
    { value: "true", label: "demand a signed index" },
    { value: "false", label: "believe the index as it comes" },
  ],
  systemd: [
    { value: "", label: "any" },
    { value: "254", label: "up to 256" },
    { value: "257", label: "257 to 259" },
    { value: "260", label: "260 and 261" },
    { value: "262", label: "262 and later" },
  ],
  format: [
    { value: "butane", label: "Butane" },
    { value: "ignition", label: "Ignition" },
    { value: "shell", label: "shell script" },
    { value: "ansible", label: "Ansible tasks" },
  ],
} as const satisfies Partial<Record<ChoiceParameter, readonly LabelledValue[]>>;

/**
 * @param name the extension that the choice is about; the query names those beside it
 * @param query names and values, as `URLSearchParams` has them; an empty value is none
 * @throws InvalidInput naming the parameter, and what is allowed
 */
export function parseChoice(name: string, query: Iterable<readonly [string, string]>): Choice {
  const given = parametersOf(query);
  const version = given.get("version");
  const first = { name: checkExtensionName(name), ...(version !== undefined && { version: versionFor(version) }) };
  const extensions = [first, ...parseWith(given.get("with"))] as const;
  const names = extensions.map((one) => one.name);
  const twice = names.find((one, at) => names.indexOf(one) !== at);
  if (twice !== undefined) throw new InvalidInput("with", `${twice} is there twice`);
  if (names.length > MAX_EXTENSIONS) throw new InvalidInput("with", `more than ${MAX_EXTENSIONS} extensions`);

  const verify = given.get("verify");
  const systemd = given.get("systemd");
  return {
    extensions,
    arch: parseArch(given.get("arch") ?? CHOICE_VALUES.arch[0].value),
    follow: oneOf(FOLLOWED, "follow", given.get("follow")),
    after: oneOf(AFTER_UPDATE, "after", given.get("after")),
    ...(verify !== undefined && { verify: oneOf(["true", "false"], "verify", verify) === "true" }),
    ...(systemd !== undefined && { systemd: parseSystemd(systemd) }),
    format: oneOf(FORMATS, "format", given.get("format")),
  };
}

/** The inverse of `parseChoice`, without a question mark; empty where nothing differs from what counts anyway. */
export function formatChoice(choice: Choice): string {
  const [{ version }, ...others] = choice.extensions;
  const values: Record<ChoiceParameter, string | undefined> = {
    version,
    with: others.map(formatChosen).join(",") || undefined,
    arch: choice.arch,
    follow: choice.follow,
    after: choice.after,
    verify: choice.verify?.toString(),
    systemd: choice.systemd?.toString(),
    format: choice.format,
  };
  const usual: Partial<Record<ChoiceParameter, string>> = {
    arch: CHOICE_VALUES.arch[0].value,
    follow: FOLLOWED[0],
    after: AFTER_UPDATE[0],
    format: FORMATS[0],
  };
  return CHOICE_PARAMETERS.flatMap((parameter) => {
    const value = values[parameter];
    return value === undefined || value === usual[parameter] ? [] : [`${parameter}=${encode(value)}`];
  }).join("&");
}

/** `docker`, `docker@28.0.4`, `docker@28.0`: as `with` and the command line have it. */
export function parseChosen(text: string, what = "with"): ChosenExtension {
  const { name = "", version } = /^(?<name>[^@]*)(?:@(?<version>.*))?$/s.exec(text)?.groups ?? {};
  try {
    return { name: checkExtensionName(name), ...(version !== undefined && { version: versionFor(version) }) };
  } catch (error) {
    if (error instanceof InvalidInput) throw new InvalidInput(what, `${JSON.stringify(text)}: ${error.message}`);
    throw error;
  }
}

function formatChosen({ name, version }: ChosenExtension): string {
  return version === undefined ? name : `${name}@${version}`;
}

function parseWith(list: string | undefined): ChosenExtension[] {
  if (list === undefined) return [];
  const words = list.split(/[\s,]+/).filter((word) => word !== "");
  return words.map((word) => parseChosen(word));
}

/** What is unknown is an error: who misspells a parameter would get another machine than they think. */
function parametersOf(query: Iterable<readonly [string, string]>): Map<ChoiceParameter, string> {
  const found = new Map<ChoiceParameter, string>();
  for (const [name, value] of query) {
    const parameter = CHOICE_PARAMETERS.find((known) => known === name);
    if (parameter === undefined) {
      throw new InvalidInput("parameter", `${JSON.stringify(name)} (allowed: ${CHOICE_PARAMETERS.join(", ")})`);
    }
    if (found.has(parameter)) throw new InvalidInput(parameter, "is there twice");
    if (value !== "") found.set(parameter, value);
  }
  return found;
}

function versionFor(text: string): string {
  if (isVersion(text)) return text;
  throw new InvalidInput(
    "version",
    `${JSON.stringify(text)} is no version and no minor series (such as v1.32.2, v1.32)`,
  );
}

function parseArch(text: string): Arch {
  if (isArch(text)) return text;
  throw notAllowed("arch", text, ARCHES);
}

function parseSystemd(text: string): number {
  const version = Number(text);
  if (/^[0-9]{3}$/.test(text) && version >= MIN_SYSTEMD && version <= MAX_SYSTEMD) return version;
  throw new InvalidInput("systemd", `${JSON.stringify(text)} (allowed: ${MIN_SYSTEMD} to ${MAX_SYSTEMD})`);
}

/** The first one where none is given. */
function oneOf<const T extends string>(allowed: readonly [T, ...T[]], parameter: string, text: string = allowed[0]): T {
  const found = allowed.find((value) => value === text);
  if (found === undefined) throw notAllowed(parameter, text, allowed);
  return found;
}

function notAllowed(parameter: string, text: string, allowed: readonly string[]): InvalidInput {
  return new InvalidInput(parameter, `${JSON.stringify(text)} (allowed: ${allowed.join(", ")})`);
}

/** As short as a query can have it: what comes up in names and versions, and means nothing there, stays readable. */
function encode(value: string): string {
  return encodeURIComponent(value).replaceAll("%40", "@").replaceAll("%2C", ",");
}
