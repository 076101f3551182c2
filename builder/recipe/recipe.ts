/** What a recipe says of an extension. Data first, then functions of a context. */
import type { Arch, ExtensionKind, TransferRule } from "../../schema/index.ts";
import type { Build } from "./build.ts";
import type { BundledVersions, Bundles } from "./bundled.ts";
import type { Download } from "./downloads.ts";
import type { HostSetup } from "./host.ts";
import type { LatestRule } from "./latest.ts";
import type { OptionValues, RecipeOptions } from "./options.ts";
import type { TreeEntry } from "./tree.ts";
import type { VersionSource } from "./versions.ts";

/** What the functions of a recipe know. */
export interface RecipeContext<B extends Bundles = Bundles, O extends RecipeOptions = RecipeOptions> {
  /** As it stands in file names, and as upstream spells it save for the source's `prefix`. */
  readonly version: string;
  /** The version without a leading `v`. */
  readonly bareVersion: string;
  /** Upstream's tag: the source's `prefix` and the version. */
  readonly tag: string;
  readonly arch: Arch;
  /** `amd64` or `arm64` */
  readonly goArch: string;
  /** `x86_64` or `aarch64` */
  readonly unameArch: string;
  /** The versions of what is bundled, by its name in the recipe. */
  readonly bundled: BundledVersions<B>;
  /** What was said of the recipe's options, or their defaults. */
  readonly options: OptionValues<O>;
}

/** A command that shows that the merged image works: it ends by itself, and needs neither network nor input. */
export interface Smoke {
  /** A program, by name or path, and its arguments. */
  readonly run: readonly [string, ...string[]];
  /** What its output must have in it, on stdout or stderr. Default: to exit with 0 is enough. */
  readonly prints?: string | RegExp;
}

type Paths = readonly [string, ...string[]];

export interface Recipe<B extends Bundles = Bundles, O extends RecipeOptions = RecipeOptions> {
  /** One line: what it is. */
  readonly description: string;
  readonly homepage: string;
  /** What it is for: where people look for it. */
  readonly kind?: ExtensionKind;
  readonly versions: VersionSource;
  /** Default: the newest one. */
  readonly latest?: LatestRule;
  /** What release automation keeps released: versions, and `latest` for what that rule names. */
  readonly publish?: readonly string[];
  /**
   * Versions that are packaged anew, by how many times: `{ "2.3.4": 1 }` makes releases of `2.3.4` as `2.3.4+r1`. For
   * when the recipe, its files or what it bundles has changed, and machines that have the version are to get that.
   */
  readonly revisions?: Readonly<Record<string, number>>;
  /** Software that comes along, with versions of its own. */
  readonly bundled?: B;
  /** What whoever bakes may choose. */
  readonly options?: O;
  downloads?(context: RecipeContext<B, O>): readonly Download[];
  /** For what downloads cannot give: what is made goes over them, and below the tree. */
  build?(context: RecipeContext<B, O>): readonly Build[];
  tree?(context: RecipeContext<B, O>): readonly TreeEntry[];
  /** Units that are started and kept running once merged: a drop-in for `multi-user.target`. Implies `reload`. */
  readonly upholds?: readonly string[] | ((context: RecipeContext<B, O>) => readonly string[]);
  /** Makes systemd read unit files anew when the extension is merged. */
  readonly reload?: boolean;
  /** Default: one file that follows every version. */
  readonly transfers?: readonly TransferRule[];
  /** Paths that the image must have, so that an empty one never ships. */
  readonly provides: Paths | ((context: RecipeContext<B, O>) => Paths);
  /** What a merge test runs once the image is merged; no input of the image. */
  readonly smoke?: readonly Smoke[] | ((context: RecipeContext<B, O>) => readonly Smoke[]);
  /** Files that keep their setuid or setgid bit, `usr/bin/x`: they give root's rights to whoever starts them. */
  readonly setuid?: readonly string[];
  /** What a machine needs beside the image; no input of it. */
  readonly host?: HostSetup;
  /** Symlinks, `usr/bin/x`, to what the image does not have, for the host or another extension does. */
  readonly hostLinks?: readonly string[];
}

/** The default export of a `recipe.ts`. The folder that holds it is the extension's name. */
export function defineExtension<
  const B extends Bundles = Record<never, never>,
  const O extends RecipeOptions = Record<never, never>,
>(recipe: Recipe<B, O>): Recipe {
  return recipe as unknown as Recipe;
}
