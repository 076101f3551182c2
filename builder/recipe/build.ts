/**
 * How a recipe makes what cannot be downloaded as it is. All of it is data that can be printed and hashed, and performed
 * by the builder later; the one exception is `code`.
 */
import type { Unverified } from "./downloads.ts";
import type { RecipeContext } from "./recipe.ts";

/** A distribution's tree, which no image is made of as it is: programs are taken out of it, or run in it. */
export type Rootfs = DebianRootfs | OciRootfs;

export interface DebianRootfs {
  readonly kind: "debian";
  readonly suite: string;
  readonly packages: readonly string[];
  /** The archive's URL; undefined: whichever this machine uses. */
  readonly archive?: string;
}

export interface OciRootfs {
  readonly kind: "oci";
  readonly image: string;
  /** Why the image is named by a tag alone, which may mean another image tomorrow. */
  readonly unverified?: string;
}

export type HostOrChroot = "host" | "chroot";

export interface Flix {
  readonly kind: "flix";
  readonly rootfs: Rootfs;
  readonly paths: readonly string[];
  readonly extraLibraries: readonly string[];
  /** Run in the tree before. */
  readonly script?: Script;
}

export interface Flatwrap {
  readonly kind: "flatwrap";
  readonly rootfs: Rootfs;
  readonly paths: readonly string[];
  readonly etc: HostOrChroot;
  readonly var: HostOrChroot;
  readonly home: HostOrChroot;
}

export interface Script {
  /** A file beside the recipe. */
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  /** Why what it fetches cannot be verified, or who verifies it; undefined: it has no network. */
  readonly network?: string;
}

export interface Container {
  readonly kind: "container";
  readonly rootfs: Rootfs;
  readonly script: Script;
}

export interface Code {
  readonly kind: "code";
  readonly perform: (context: BuildContext) => Promise<void>;
}

export type Build = Flix | Flatwrap | Container | Code;

/** What `code` works with. It has no means to fetch: what it needs, `downloads` bring into `work`. */
export interface BuildContext extends RecipeContext {
  /** An empty folder: what is put there is shipped, over what downloads and `files/` bring. */
  readonly root: string;
  /** A folder with what `unpack` and `keep` have put there; it goes when the image is made. */
  readonly work: string;
  /** Runs a program of this machine in `work`; rejects if it fails. Gives back what it printed. */
  readonly run: (command: string, ...args: string[]) => Promise<string>;
}

/**
 * Packages of Debian, with all that they need. apt checks the archive's signature, and with it every package.
 * @param options `packages`: `btop`, `btop=1.3.2-1` for exactly that version, or `btop=1.3.2-*` for upstream's version
 * in whichever revision Debian has of it; `snapshot`: the archive as it was then, `20261101T000000Z`
 * (https://snapshot.debian.org), so that the same is found for good
 */
export function debianRootfs({
  suite,
  packages,
  snapshot,
}: {
  suite: string;
  packages: readonly string[];
  snapshot?: string;
}): DebianRootfs {
  const archive = snapshot === undefined ? {} : { archive: `https://snapshot.debian.org/archive/debian/${snapshot}` };
  return { kind: "debian", suite, packages, ...archive };
}

/**
 * Debian as recipes compile with it, as it was on one day: the same for all of them, so that all move on together.
 * @param packages compiler, libraries and tools
 */
export function pinnedDebian(...packages: readonly string[]): DebianRootfs {
  return debianRootfs({ suite: "trixie", packages, snapshot: "20260901T000000Z" });
}

/**
 * An image of a container registry.
 * @param image `docker.io/library/alpine:3.21@sha256:…`: the digest says which one, for good
 * @param unpinned with a reason, it may do without a digest
 */
export function ociRootfs(image: string, unpinned?: Unverified): OciRootfs {
  return { kind: "oci", image, ...(unpinned !== undefined && { unverified: unpinned.reason }) };
}

/**
 * Takes programs out of a tree, with the libraries that they need, which go to `/usr/local/<extension>`.
 * @param paths `/usr/bin/tool`, or `/lib/x:/usr/lib/x` for what is to be elsewhere below `/usr`
 * @param options `extraLibraries`: what is loaded while programs run, by path or name; `script`: run in the tree before, as
 * `container` does it, to compile what is then taken out of it: it installs where programs belong, with `DESTDIR` empty
 */
export function flix(
  rootfs: Rootfs,
  paths: readonly string[],
  { extraLibraries = [], ...given }: { extraLibraries?: readonly string[] } & Partial<ScriptOptions> = {},
): Flix {
  const { script, ...options } = given;
  const run = script === undefined ? {} : { script: scriptOf({ script, ...options }) };
  return { kind: "flix", rootfs, paths, extraLibraries, ...run };
}

/**
 * Ships a whole tree at `/usr/local/<extension>`, and commands that enter it.
 * @param paths as those of `flix`
 * @param options whether programs see the host's `/etc`, `/var` and `/home`, or the tree's
 */
export function flatwrap(
  rootfs: Rootfs,
  paths: readonly string[],
  { etc = "host", var: variable = "host", home = "host" }: Partial<Pick<Flatwrap, "etc" | "var" | "home">> = {},
): Flatwrap {
  return { kind: "flatwrap", rootfs, paths, etc, var: variable, home };
}

/**
 * Runs a script in a container, or in a tree where there is no container engine. It gets `VERSION`, `BARE_VERSION`, `TAG`, `ARCH`, `GO_ARCH`, `UNAME_ARCH` and `SOURCE_DATE_EPOCH`, and installs below `DESTDIR`; of that, `usr/` and `opt/` are
 * kept, and what is in `usr/sbin` goes to `usr/bin`. Its current folder has what `unpack` and `keep` have put there.
 * @param options `script`: beside the recipe; `network`: without it, it has none; `unverified("…")` tells who vouches
 * for what it fetches
 */
export function container(rootfs: Rootfs, options: ScriptOptions): Container {
  return { kind: "container", rootfs, script: scriptOf(options) };
}

export interface ScriptOptions {
  readonly script: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly network?: Unverified;
}

function scriptOf({ script, env = {}, network }: ScriptOptions): Script {
  return { file: script, env, ...(network !== undefined && { network: network.reason }) };
}

/** The escape hatch, for what nothing else can say. */
export function code(perform: (context: BuildContext) => Promise<void>): Code {
  return { kind: "code", perform };
}
