/**
 * `extension.json`: what people, and those who write configurations for machines, know of an extension apart from its
 * releases. It comes from the recipe and its README with each publication; the one that was made with the newest version
 * stays. Stored at `<ext>/extension.json`.
 */
import * as v from "valibot";
import * as d from "./document.ts";
import { VERIFICATIONS } from "./release-manifest.ts";
import { compareVersions } from "./version.ts";

/** What extensions are for, in the order in which they are offered. */
export const EXTENSION_KINDS = [
  "containers",
  "orchestration",
  "networking",
  "security",
  "diagnostics",
  "development",
  "webassembly",
  "virtualization",
  "ai",
  "system",
] as const;

/** Characters; the READMEs of this repository have 2 000 to 8 000. */
const MAX_README_LENGTH = 64 * 1024;
const MAX_TEXT_LENGTH = 16 * 1024;
const MAX_ITEMS = 64;

export const line = v.pipe(v.string(), v.regex(/^[^\n\r\0]+$/, "not one line"), v.maxLength(512));
const webAddress = v.pipe(v.string(), v.regex(/^https?:\/\/[^\s"<>]+$/, "not an http(s) URL"), v.maxLength(2048));
/** Of a machine's file or link. It ends up in commands and configurations: so nothing that these could misread. */
const hostPath = v.pipe(
  v.string(),
  v.regex(/^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9@:._+-]+)+$/, "not an absolute path of plain characters"),
  v.maxLength(512),
);
const imagePath = v.pipe(
  v.string(),
  v.regex(/^(?:usr|opt)(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9@:._+\\-]+)+$/, "not a path below usr/ or opt/"),
  v.maxLength(512),
);
const unit = v.pipe(v.string(), v.regex(/^[A-Za-z0-9@:._\\-]+\.[a-z]+$/, "not a unit's name"), v.maxLength(255));
/** useradd(8) */
const account = v.pipe(v.string(), v.regex(/^[a-z_][a-z0-9_-]*$/, "not a user's name"), v.maxLength(31));
/** A file's or a drop-in's; scripts that write it have no way to say a null character. */
const text = v.pipe(v.string(), v.regex(/^[^\0]*$/, "has a null character"), v.maxLength(MAX_TEXT_LENGTH));
const some = <const S extends v.GenericSchema>(item: S) => v.optional(v.pipe(v.array(item), v.maxLength(MAX_ITEMS)));

/** What a machine needs beside the image, and does when a newer one has come. Paths are absolute. */
const hostSetup = v.strictObject({
  /** `refresh` merges a newer version; units are restarted after that; `reboot` where running software stays as it is */
  activation: v.union([
    v.picklist(["refresh", "reboot"]),
    v.strictObject({ restart: v.pipe(v.array(unit), v.minLength(1), v.maxLength(MAX_ITEMS)) }),
  ]),
  /** Units of the image that start with the machine, by their paths in it */
  enable: some(imagePath),
  /** Units of the machine that would be in the way */
  mask: some(unit),
  files: some(
    v.strictObject({
      path: hostPath,
      mode: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0o777)),
      text,
      user: v.optional(account),
      group: v.optional(account),
    }),
  ),
  links: some(v.strictObject({ path: hostPath, target: hostPath })),
  dropins: some(v.strictObject({ unit, name: d.fileName, text })),
  users: some(
    v.strictObject({
      name: account,
      uid: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_533))),
      home: v.optional(hostPath),
    }),
  ),
  /** Other extensions that it needs beside it, with a version that is known to do */
  needs: some(v.strictObject({ extension: d.extensionName, version: d.version })),
  /** Machines had better follow the patch releases of a minor series, and no newer series. */
  staysInSeries: v.optional(v.boolean()),
});

/** The fields, for the JSON Schema too. */
export const extensionProfileSchema = v.strictObject({
  schemaVersion: v.literal(1),
  extension: d.extensionName,
  /** The newest version that it was made with */
  version: d.version,
  description: line,
  homepage: webAddress,
  kind: v.optional(v.picklist(EXTENSION_KINDS)),
  /** How the downloads of that version were known to be right; none where nothing is downloaded */
  verifiedBy: v.optional(v.array(v.picklist(VERIFICATIONS))),
  /** In Markdown; whoever shows it has to see to what is in it */
  readme: v.pipe(v.string(), v.maxLength(MAX_README_LENGTH)),
  /** Which transfer files that version has */
  transfers: v.pipe(v.array(v.picklist(["every-version", "patch-level"])), v.maxLength(2)),
  host: hostSetup,
});

export type ExtensionProfile = v.InferOutput<typeof extensionProfileSchema>;
export type HostProfile = ExtensionProfile["host"];
export type ExtensionKind = (typeof EXTENSION_KINDS)[number];

/** @throws InvalidInput naming the field, `host.files[1].path` */
export function parseExtensionProfile(json: unknown): ExtensionProfile {
  return d.parseDocument(extensionProfileSchema, "extension profile", json);
}

/** Of two, the one that was made with the newer version; of the same, the later. */
export function keptProfile(there: ExtensionProfile | undefined, own: ExtensionProfile): ExtensionProfile {
  return there !== undefined && compareVersions(there.version, own.version) > 0 ? there : own;
}

export function formatExtensionProfile(profile: ExtensionProfile): string {
  return `${JSON.stringify(profile, null, 2)}\n`;
}
