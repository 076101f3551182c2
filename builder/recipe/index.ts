/** Everything a recipe may import. */
export { everyVersion, patchLevel } from "../../schema/index.ts";
export {
  type Build,
  type BuildContext,
  type Code,
  type Container,
  code,
  container,
  type DebianRootfs,
  debianRootfs,
  type Flatwrap,
  type Flix,
  flatwrap,
  flix,
  type OciRootfs,
  ociRootfs,
  type Rootfs,
} from "./build.ts";
export {
  binary,
  checksumFile,
  type Download,
  extract,
  githubAsset,
  githubDigest,
  type Install,
  keep,
  npmIntegrity,
  npmTarball,
  pinned,
  unpack,
  unverified,
  type Verification,
} from "./downloads.ts";
export { type LatestRule, newest } from "./latest.ts";
export { defineExtension, type Recipe, type RecipeContext, type Smoke } from "./recipe.ts";
export { file, remove, replace, symlink, type TreeEntry } from "./tree.ts";
export {
  fixed,
  githubReleases,
  npmPackage,
  type Repository,
  tagOf,
  type VersionFilter,
  type VersionSource,
} from "./versions.ts";
