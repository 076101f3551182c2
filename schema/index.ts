/** The only door of `schema/`: what builder and worker agree on. Imports nothing of either, and no platform. */
export type {
  ApiError,
  ApiExtension,
  ApiExtensions,
  ApiImage,
  ApiLatest,
  ApiRelease,
  Readiness,
} from "./api.ts";
export { ARCHES, type Arch, GO_ARCH, isArch, UNAME_ARCH } from "./arch.ts";
export { formatIni, type IniEntry, type IniSection, parseIni } from "./ini.ts";
export { InvalidInput } from "./invalid-input.ts";
export {
  addRelease,
  emptyInventory,
  formatInventory,
  type Inventory,
  indexOf,
  type PublishedRelease,
  parseInventory,
} from "./inventory.ts";
export { inventoryJsonSchema, releaseManifestJsonSchema } from "./json-schema.ts";
export {
  GLOBAL_INDEX,
  INDEX_FILE,
  INVENTORY_FILE,
  indexLocator,
  type Locator,
  PUBLISHED_INDEX_FILE,
  type PublicPath,
  parsePublicPath,
  publicPath,
  RELEASE_MANIFEST_FILE,
  storageKey,
} from "./layout.ts";
export {
  checkExtensionName,
  checkVersion,
  imageFile,
  isExtensionName,
  isMinorSeries,
  isVersion,
  minorSeries,
  parseImageFile,
  parseReleaseName,
  type Release,
  releaseName,
} from "./names.ts";
export { API_OPERATIONS, type ApiOperation, DEFAULT_PAGE, MAX_PAGE, openApiDocument } from "./openapi.ts";
export {
  formatPublishedIndex,
  type Generation,
  generationAt,
  type PublishedIndex,
  parsePublishedIndex,
  type Succession,
  succeed,
  unsignedIndex,
} from "./published-index.ts";
export {
  type DownloadRecord,
  formatReleaseManifest,
  IMAGE_FORMATS,
  type Image,
  type ImageFormat,
  type Provenance,
  type Publisher,
  parseReleaseManifest,
  type ReleaseManifest,
  type ReleaseTransfer,
  type VerifiedBy,
} from "./release-manifest.ts";
export { formatSha256Sums, type IndexEntry, isSha256, mergeSha256Sums, parseSha256Sums } from "./sha256sums.ts";
export {
  everyVersion,
  formatTransfer,
  NOOP_TRANSFER,
  parseTransfer,
  patchLevel,
  type Transfer,
  type TransferOptions,
  type TransferRule,
  transferFor,
} from "./transfer.ts";
export { compareVersions, newestFirst, type Order } from "./version.ts";
