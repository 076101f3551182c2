/** What a tree of Debian's is to be, checked: nothing of it may mean something else to apt. */
import type { Arch } from "../../../schema/index.ts";
import { UserError } from "../../system/errors.ts";

export interface DebianTree {
  /** `trixie`, `sid`, `bookworm-backports`, or another that the archive has */
  readonly suite: string;
  readonly arch: Arch;
  /** `btop`, `btop=1.2.13-1` for exactly that version, or `btop=1.2.13-*` for what is made of that one of upstream's */
  readonly packages: readonly string[];
  /**
   * `unpacked`: the files of the packages and of what they need, as they come: no script of a package is run. Of any
   * architecture, and without root. `installed`: with all essential packages, configured, as a machine has it.
   */
  readonly state: "unpacked" | "installed";
  /** URL; default: `DEBIAN_ARCHIVE` of the environment, else where this machine gets Debian's packages. */
  readonly archive?: string | undefined;
  /** OpenPGP keys that vouch for the archive, a file; default: `DEBIAN_KEYRING` of the environment, else Debian's. */
  readonly keyring?: string | undefined;
  /** Default: `main`. */
  readonly components?: readonly string[];
  /** Files to leave out, as dpkg's path-exclude has it: `/usr/share/man/*`. An `*` goes beyond slashes. */
  readonly exclude?: readonly string[];
}

/** What an archive has of a package, and what vouches for it: the archive's signature, down to this digest. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  /** Debian's name for it, `amd64`, `all` */
  readonly architecture: string;
  readonly url: string;
  readonly sha256: string;
  /** bytes */
  readonly size: number;
  /** Whether it is there because every installed tree has it. */
  readonly essential: boolean;
}

export const DEBIAN_ARCH = { "x86-64": "amd64", arm64: "arm64" } as const satisfies Record<Arch, string>;

/** Debian Policy 5.6.1 and 5.6.12, `name` or `name=version`. A hyphen at the end would mean: not this one. */
const PACKAGE = /^(?<name>[a-z0-9][a-z0-9+.-]*[a-z0-9+.])(?:=(?<version>[A-Za-z0-9.+:~-]+?)(?<revision>-\*)?)?$/;
const WORD = /^[A-Za-z0-9][A-Za-z0-9._/-]*$/;
/** What dpkg takes in a pattern, short of what would end a line or a word. */
const PATTERN = /^\/[^\s"'\\]+$/;

/** Suites that hold only what is newer than in the release that they belong to. */
const PART_OF = /-(?:updates|proposed-updates|backports|backports-sloppy)$/;

/** Those that a suite needs to be complete, itself the last one. */
export function suitesFor(suite: string): string[] {
  if (suite === "experimental") return ["sid", suite];
  return PART_OF.test(suite) ? [suite.replace(PART_OF, ""), suite] : [suite];
}

export function packageName(wanted: string): string {
  return PACKAGE.exec(wanted)?.groups?.name ?? wanted;
}

/** Upstream's version, where a package may be of any revision of it: `1.2.13` of `btop=1.2.13-*`. */
export function wantedUpstream(wanted: string): string | undefined {
  const { version, revision } = PACKAGE.exec(wanted)?.groups ?? {};
  return revision === undefined ? undefined : version;
}

/** Debian Policy 5.6.12: `[epoch:]upstream-version[-debian-revision]`; and `+b1`, built anew, which a native one may have. */
export function upstreamPart(version: string): string {
  return version
    .replace(/^[0-9]+:/, "")
    .replace(/-[^-]*$/, "")
    .replace(/\+b[0-9]+$/, "");
}

/** @throws UserError that says what is none */
export function checkSpec({ suite, packages, components = [], exclude = [] }: DebianTree): void {
  const isNone = (what: string, value: string) => new UserError(`no ${what}: ${JSON.stringify(value)}`);
  for (const wanted of packages) if (!PACKAGE.test(wanted)) throw isNone("name of a package", wanted);
  for (const name of [suite, ...components]) if (!WORD.test(name)) throw isNone("suite or component", name);
  for (const pattern of exclude)
    if (!PATTERN.test(pattern)) throw isNone("pattern for paths, /usr/share/man/*", pattern);
}
