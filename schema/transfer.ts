/**
 * Transfer files, which tell systemd-sysupdate where an extension comes from and where it goes.
 *
 * sysupdate.d(5)
 */
import { formatIni, type IniSection, parseIni } from "./ini.ts";
import { InvalidInput } from "./invalid-input.ts";
import { minorSeries } from "./names.ts";

/** The settings a bakery's transfer files have. */
export interface Transfer {
  /** Whether clients demand a signed index. */
  readonly verify: boolean;
  /** Where people read what is new; systemd 257 and later know it. */
  readonly changeLog?: string;
  readonly source: { readonly type: string; readonly path: string; readonly matchPatterns: readonly string[] };
  readonly target: {
    readonly type: string;
    readonly path: string;
    readonly matchPatterns?: readonly string[];
    /** How many versions stay on the machine; 2 at least. */
    readonly instancesMax?: number;
    readonly currentSymlink?: string;
  };
}

/** Where an extension is published, and whether its index is signed. */
export interface TransferOptions {
  readonly extension: string;
  /** `https://extensions.example.org`, to which `/extensions/<ext>/` is added */
  readonly bakeryUrl: string;
  readonly verify?: boolean;
}

/** One transfer file of an extension: what it is called, and which images it follows. */
export interface TransferRule {
  readonly kind: "every-version" | "patch-level";
  /** @returns the file's name without `.conf` */
  name(extension: string, version: string): string;
  matchPattern(extension: string, version: string): string;
}

/** Follows every version: `<ext>.conf`. */
export function everyVersion(): TransferRule {
  return {
    kind: "every-version",
    name: (extension) => extension,
    matchPattern: (extension) => `${extension}-@v-%a.raw`,
  };
}

/** Stays within a minor series: `<ext>-v1.32.conf` for `v1.32.2`. The pattern's `@v` is what follows the series. */
export function patchLevel(): TransferRule {
  return {
    kind: "patch-level",
    name: (extension, version) => `${extension}-${series(version)}`,
    matchPattern: (extension, version) => `${extension}-${series(version)}.@v-%a.raw`,
  };
}

/** The transfer file that a rule makes for an extension. */
export function transferFor(rule: TransferRule, version: string, options: TransferOptions): Transfer {
  const { extension, bakeryUrl, verify = false } = options;
  return {
    verify,
    source: {
      type: "url-file",
      // A percent sign would begin a specifier.
      path: `${bakeryUrl.replace(/\/+$/, "").replaceAll("%", "%%")}/extensions/${extension}/`,
      matchPatterns: [rule.matchPattern(extension, version)],
    },
    target: {
      type: "regular-file",
      path: `/opt/extensions/${extension}`,
      instancesMax: 3,
      currentSymlink: `/etc/extensions/${extension}.raw`,
    },
  };
}

/**
 * A definition that never finds anything. `systemd-sysupdate.service` fails where `/etc/sysupdate.d` has no
 * definition at all; extensions have component folders of their own, so this one keeps it content.
 */
export const NOOP_TRANSFER: string = formatIni([
  {
    name: "Source",
    entries: [
      { key: "Type", value: "regular-file" },
      { key: "Path", value: "/" },
      { key: "MatchPattern", value: "invalid@v.raw" },
    ],
  },
  {
    name: "Target",
    entries: [
      { key: "Type", value: "regular-file" },
      { key: "Path", value: "/" },
    ],
  },
]);

/** Renders a transfer file. `%a` and the other specifiers of sysupdate.d(5) stay as they are. */
export function formatTransfer({ verify, changeLog, source, target }: Transfer): string {
  const optional = (key: string, value: string | undefined) => (value === undefined ? [] : [{ key, value }]);
  return formatIni([
    { name: "Transfer", entries: [{ key: "Verify", value: String(verify) }, ...optional("ChangeLog", changeLog)] },
    {
      name: "Source",
      entries: [
        { key: "Type", value: source.type },
        { key: "Path", value: source.path },
        { key: "MatchPattern", value: source.matchPatterns.join(" ") },
      ],
    },
    {
      name: "Target",
      entries: [
        ...optional("InstancesMax", target.instancesMax?.toString()),
        { key: "Type", value: target.type },
        { key: "Path", value: target.path },
        ...optional("MatchPattern", target.matchPatterns?.join(" ")),
        ...optional("CurrentSymlink", target.currentSymlink),
      ],
    },
  ]);
}

/**
 * Reads a transfer file; settings that a bakery does not use are passed over, as systemd does.
 * @throws InvalidInput naming the line or the setting
 */
export function parseTransfer(text: string): Transfer {
  const sections = parseIni(text, "transfer file");
  const setting = (section: string, key: string) => settingOf(sections, section, key);
  const required = (section: string, key: string): string => {
    const value = setting(section, key);
    if (value === undefined) throw invalid(`[${section}] has no ${key}=`);
    return value;
  };

  const changeLog = setting("Transfer", "ChangeLog");
  const instancesMax = setting("Target", "InstancesMax");
  const currentSymlink = setting("Target", "CurrentSymlink");
  const targetPatterns = patternsOf(sections, "Target");
  const sourcePatterns = patternsOf(sections, "Source");
  if (sourcePatterns.length === 0) throw invalid("[Source] has no MatchPattern=");
  return {
    verify: parseBoolean(setting("Transfer", "Verify") ?? "true"),
    ...(changeLog !== undefined && { changeLog }),
    source: {
      type: required("Source", "Type"),
      path: required("Source", "Path"),
      matchPatterns: sourcePatterns,
    },
    target: {
      type: required("Target", "Type"),
      path: required("Target", "Path"),
      ...(targetPatterns.length > 0 && { matchPatterns: targetPatterns }),
      ...(instancesMax !== undefined && { instancesMax: parseInstances(instancesMax) }),
      ...(currentSymlink !== undefined && { currentSymlink }),
    },
  };
}

/** The last assignment counts, and an empty one takes back what came before it (systemd.syntax(7)). */
function settingOf(sections: readonly IniSection[], section: string, key: string): string | undefined {
  return valuesOf(sections, section, key).at(-1) || undefined;
}

function valuesOf(sections: readonly IniSection[], section: string, key: string): string[] {
  const entries = sections.filter(({ name }) => name === section).flatMap((found) => found.entries);
  return entries.filter((entry) => entry.key === key).map(({ value }) => value);
}

/** Unlike other settings, this one is a list to which every assignment adds. */
function patternsOf(sections: readonly IniSection[], section: string): string[] {
  const values = valuesOf(sections, section, "MatchPattern");
  const found = values.slice(values.lastIndexOf("") + 1).flatMap((value) => value.split(/\s+/));
  for (const pattern of found) {
    if (pattern.split("@v").length !== 2) throw invalid(`[${section}] MatchPattern=${pattern} needs one @v`);
  }
  return found;
}

function parseBoolean(value: string): boolean {
  if (/^(1|yes|y|true|t|on)$/i.test(value)) return true;
  if (/^(0|no|n|false|f|off)$/i.test(value)) return false;
  throw invalid(`[Transfer] Verify=${value} is no boolean`);
}

function parseInstances(value: string): number {
  const count = Number(value);
  if (!/^[0-9]+$/.test(value) || count < 2) throw invalid(`[Target] InstancesMax=${value} is not 2 or more`);
  return count;
}

function series(version: string): string {
  const found = minorSeries(version);
  if (found === undefined) throw new InvalidInput("version", `${version} has no minor number, so no minor series`);
  return found;
}

function invalid(problem: string): InvalidInput {
  return new InvalidInput("transfer file", problem);
}
