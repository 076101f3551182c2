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
  pinnedDebian,
  type Rootfs,
  type Script,
} from "./build.ts";
export { type Bundle, type BundledBy, type Bundles, newestOf, onlyIfAsked, statedAt } from "./bundled.ts";
export { CNI_PLUGINS, CNI_PROGRAMS, cniPlugins } from "./cni.ts";
export {
  binary,
  checksumFile,
  type Download,
  extract,
  gitCommit,
  githubAsset,
  githubDigest,
  gitTag,
  hashicorpZip,
  type Install,
  keep,
  npmIntegrity,
  npmTarball,
  pinned,
  type Signature,
  signedBy,
  take,
  type Unverified,
  unpack,
  unverified,
  type Verification,
} from "./downloads.ts";
export type { HostFile, HostSetup, HostUser } from "./host.ts";
export { type LatestRule, matching, newest, newestPerMinor } from "./latest.ts";
export { choice, type RecipeOption, type RecipeOptions, word } from "./options.ts";
export { defineExtension, type Recipe, type RecipeContext, type Smoke } from "./recipe.ts";
export { type SetUp, setUp } from "./set-up.ts";
export { file, remove, replace, symlink, type TreeEntry } from "./tree.ts";
export {
  alpinePackage,
  debianPackage,
  fixed,
  githubReleases,
  githubTags,
  gitlabTags,
  hashicorpReleases,
  htmlListing,
  isAtLeast,
  kubernetesSchedule,
  nameOfSource,
  npmPackage,
  type Repository,
  tagOf,
  type VersionFilter,
  type VersionSource,
} from "./versions.ts";
