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
export { API_OPERATIONS, type ApiOperation, DEFAULT_PAGE, MAX_PAGE } from "./api-operations.ts";
export { ARCHES, type Arch, GO_ARCH, isArch, UNAME_ARCH } from "./arch.ts";
export { atomFeed } from "./atom.ts";
export {
  bestBeforeAfter,
  bestBeforeOf,
  type Freshness,
  freshnessOf,
  isBestBefore,
  staleFrom,
  withBestBefore,
  withoutBestBefore,
} from "./best-before.ts";
export {
  type CataloguedExtension,
  type CatalogueRecord,
  emptyCatalogueRecord,
  formatCatalogueRecord,
  parseCatalogueRecord,
  withExtension,
} from "./catalogue-record.ts";
export { type Butane, type ButaneFile, butaneOf } from "./configuration/butane.ts";
export {
  CHOICE_PARAMETERS,
  CHOICE_VALUES,
  type Choice,
  type ChosenExtension,
  type ConfigurationFormat,
  FORMATS,
  formatChoice,
  type LabelledValue,
  MAX_EXTENSIONS,
  MAX_SYSTEMD,
  MIN_SYSTEMD,
  parseChoice,
  parseChosen,
} from "./configuration/choice.ts";
export {
  CONFIGURATION_FILES,
  type Configuration,
  formatConfiguration,
  makeConfiguration,
} from "./configuration/configuration.ts";
export {
  type ConfiguredBakery,
  type HostConfiguration,
  hostConfiguration,
} from "./configuration/host-configuration.ts";
export { type Ignition, ignitionOf } from "./configuration/ignition.ts";
export { installableReleases } from "./configuration/installable-releases.ts";
export {
  type ExtensionAdvice,
  type InstallableRelease,
  type Installation,
  type KnownExtension,
  type LookUpExtension,
  resolveChoice,
} from "./configuration/resolve-choice.ts";
export {
  EXTENSION_KINDS,
  type ExtensionKind,
  type ExtensionProfile,
  formatExtensionProfile,
  type HostProfile,
  keptProfile,
  parseExtensionProfile,
} from "./extension-profile.ts";
export { type Feed, type FeedEntry, type FeedOptions, imagesOf, makeFeed } from "./feed.ts";
export { FEED_FORMATS } from "./feed-formats.ts";
export { withLinesOf } from "./global-index.ts";
export { formatIni, type IniEntry, type IniSection, parseIni } from "./ini.ts";
export { InvalidInput } from "./invalid-input.ts";
export {
  addRelease,
  emptyInventory,
  findRelease,
  formatInventory,
  type Inventory,
  indexOf,
  isListed,
  linesOf,
  type Publication,
  type PublishedRelease,
  parseInventory,
} from "./inventory.ts";
export { jsonFeed } from "./json-feed.ts";
export { inventoryJsonSchema, releaseManifestJsonSchema } from "./json-schema.ts";
export {
  BUILD_LOG_FILE,
  CATALOGUE_RECORD,
  EXTENSION_PROFILE_FILE,
  FEED_FILES,
  type FeedKind,
  feedLocator,
  GLOBAL_INDEX,
  INDEX_FILE,
  INVENTORY_FILE,
  indexLocator,
  KEYRINGS,
  type Locator,
  PUBLISHED_INDEX_FILE,
  type PublicPath,
  parsePublicPath,
  publicPath,
  RECENT_RELEASES,
  RELEASE_CONTENTS_FILE,
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
export { openApiDocument } from "./openapi.ts";
export {
  type CommitRequest,
  type Committed,
  type DescriptionPut,
  DRAFT_EXPIRY_SECONDS,
  type Draft,
  type DraftFile,
  type Drafts,
  type IndexPut,
  type IndexRequest,
  type IndexState,
  MAX_BUILD_LOG_BYTES,
  MAX_JSON_BYTES,
  MAX_PUBLISHED_FILE_BYTES,
  MAX_TRANSFER_BYTES,
  PART_BYTES,
  parseCommitRequest,
  parseCommitted,
  parseDescriptionPut,
  parseDraft,
  parseDrafts,
  parseIndexPut,
  parseIndexRequest,
  parseIndexState,
  parsePruneRequest,
  parseRestored,
  parseSwept,
  parseWithdrawn,
  parseYankRequest,
  partsOf,
  type Swept,
  type Withdrawn,
} from "./publish-api.ts";
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
export { bakeryOf, readdressTransfer } from "./readdress-transfer.ts";
export {
  changedAt,
  formatRecentReleases,
  noRecentReleases,
  parseRecentReleases,
  type RecentRelease,
  type RecentReleases,
  recentReleasesOf,
  withRecentReleasesOf,
} from "./recent-releases.ts";
export {
  formatReleaseContents,
  type ImageContents,
  MAX_FILES_NAMED,
  MAX_PARTS,
  parseReleaseContents,
  type ReleaseContents,
  unlike,
} from "./release-contents.ts";
export { RELEASE_DOCUMENTS } from "./release-documents.ts";
export {
  type BuildRecord,
  type DownloadRecord,
  filesOf,
  formatReleaseManifest,
  IMAGE_FORMATS,
  type Image,
  type ImageFormat,
  isSameRelease,
  type Provenance,
  type Publisher,
  parseReleaseManifest,
  type ReleaseFile,
  type ReleaseManifest,
  type ReleaseTransfer,
  VERIFICATIONS,
  type VerifiedBy,
} from "./release-manifest.ts";
export { overtakes, parseRevision, type Revised, withRevision } from "./revision.ts";
export { linesBySeries, seriesIndexes } from "./series.ts";
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
export {
  formatOutboxBatch,
  type OutboxBatch,
  parseOutboxBatch,
  parseReleaseEvent,
  type ReleaseEvent,
  type WebhookMessage,
} from "./webhook.ts";
export { PRUNE_DELAY_SECONDS, pruneReleases, restoreRelease, withRelease, yankRelease } from "./withdrawal.ts";
