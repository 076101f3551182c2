/** `release.json`: what one release contains and what it was made from. Stored at `<release>/release.json`. */
import * as v from "valibot";
import * as d from "./document.ts";
import { imageFile } from "./names.ts";

export const IMAGE_FORMATS = ["squashfs", "erofs", "ext4", "ext2", "btrfs"] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

/** How the bytes of a download were known to be right. */
export const VERIFICATIONS = [
  "pinned",
  "checksum-file",
  "signed-checksum-file",
  "openpgp-signature",
  "github-digest",
  "git-commit",
  "npm-integrity",
  "apt-archive",
  "oci-digest",
  "unverified",
] as const;

const commit = v.pipe(v.string(), v.regex(/^[0-9a-f]{40,64}$/, "not a commit"));

const shortText = v.pipe(v.string(), v.minLength(1), v.maxLength(512));

/** What a check refuses in an image, and why it was let pass. Which checks there are is the builder's affair. */
const allowance = v.strictObject({
  check: v.pipe(v.string(), v.regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, "not the name of a check"), v.maxLength(64)),
  reason: shortText,
});

const image = v.strictObject({
  /** `<extension>-<version>-<arch>.raw` */
  file: d.fileName,
  arch: d.arch,
  format: v.picklist(IMAGE_FORMATS),
  /** bytes */
  size: d.size,
  sha256: d.sha256,
  /** The ID= of hosts that may merge it, where not all may */
  os: v.optional(v.pipe(v.string(), v.regex(/^[a-z0-9._-]+$/, "no ID= of an os-release"))),
  /** Checks that would have refused the image */
  allowed: v.optional(v.pipe(v.array(allowance), v.minLength(1), v.maxLength(32))),
  /**
   * sha256 over all that went into the image: recipe, files, downloads, tools. Equal means nothing to bake anew. Nobody
   * knows it of releases that were imported; all others have it.
   */
  inputsDigest: v.optional(d.sha256),
  /**
   * sha256 over what of it is the recipe's affair: without the tools of a machine and the packages of a day. Another
   * one means that the recipe, its files, what it downloads or what it bundles has changed.
   */
  recipeDigest: v.optional(d.sha256),
});

const transfer = v.strictObject({
  file: d.fileName,
  sha256: d.sha256,
  matchPattern: v.pipe(v.string(), v.minLength(1), v.maxLength(512)),
});

const download = v.strictObject({
  url: d.url,
  sha256: d.sha256,
  size: d.size,
  verifiedBy: v.picklist(VERIFICATIONS),
  /** why nothing better than `unverified` is to be had */
  reason: v.optional(v.pipe(v.string(), v.minLength(1))),
  /** the commit that a repository's tag named */
  commit: v.optional(commit),
});

/** What was made and not downloaded. How, its recipe at the commit says. */
const build = v.strictObject({
  kind: v.picklist(["flix", "flatwrap", "container", "code"]),
  /** the distribution's tree: `oci:…`, or `debian:<suite>` */
  from: v.optional(shortText),
  /** who vouches for what was fetched while building; without it there was no network */
  network: v.optional(shortText),
});

const provenance = v.strictObject({
  /** the commit of the repository that held the recipe */
  commit: v.optional(commit),
  /** RFC 3339; never inside an image. Of what was imported: when it was published there, which is all that is known */
  builtAt: d.timestamp,
  /** Another bakery has made the release, and said no more of it than the hashes of its images. */
  imported: v.optional(v.strictObject({ from: d.url })),
  /** what each bundled name resolved to, `{ cni: "v1.6.2" }` */
  bundled: v.record(v.string(), d.version),
  /** what was chosen of the recipe's options, `{ without: "containerd" }` */
  options: v.optional(v.record(v.string(), shortText)),
  downloads: v.pipe(v.array(download), v.maxLength(1000)),
  builds: v.optional(v.pipe(v.array(build), v.minLength(1), v.maxLength(16))),
});

/** Who published a release, and by which run. The worker writes it, from what it has verified. */
const publisher = v.variant("kind", [
  v.strictObject({
    kind: v.literal("github-actions"),
    /** `owner/name`, with the owner's number, which outlives names */
    repository: shortText,
    repositoryOwnerId: shortText,
    ref: shortText,
    commit: shortText,
    /** `owner/name/.github/workflows/release.yml@refs/heads/main` */
    workflow: shortText,
    environment: v.optional(shortText),
    /** URL of the run, down to the attempt */
    run: d.url,
  }),
  v.strictObject({
    kind: v.literal("token"),
    /** The first 16 digits of the token's sha256: which of them it was, and no more */
    token: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/, "not 16 hex digits")),
  }),
]);

/** The fields alone, for the JSON Schema; `parseReleaseManifest` also checks that they fit together. */
export const releaseManifestFields = v.strictObject({
  schemaVersion: v.literal(1),
  extension: d.extensionName,
  version: d.version,
  images: v.pipe(v.array(image), v.minLength(1), v.maxLength(d.arch.options.length)),
  transfers: v.pipe(v.array(transfer), v.maxLength(32)),
  provenance,
  publisher: v.optional(publisher),
});

export type ReleaseManifest = v.InferOutput<typeof releaseManifestFields>;
export type Image = ReleaseManifest["images"][number];
export type ReleaseTransfer = ReleaseManifest["transfers"][number];
export type Publisher = NonNullable<ReleaseManifest["publisher"]>;
export type Provenance = ReleaseManifest["provenance"];
export type DownloadRecord = Provenance["downloads"][number];
export type BuildRecord = NonNullable<Provenance["builds"]>[number];
export type VerifiedBy = DownloadRecord["verifiedBy"];

const releaseManifest = v.pipe(
  releaseManifestFields,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const manifest = dataset.value;
    const field = (list: "images" | "transfers", at: number, key: string): [v.IssuePathItem, ...v.IssuePathItem[]] => [
      pathItem(manifest, list),
      pathItem(manifest[list], at),
      pathItem(manifest[list][at], key),
    ];
    for (const [at, { file, arch, inputsDigest }] of manifest.images.entries()) {
      const wanted = imageFile(manifest, arch);
      if (file !== wanted) addIssue({ message: `must be ${wanted}`, path: field("images", at, "file") });
      if (inputsDigest === undefined && manifest.provenance.imported === undefined) {
        addIssue({ message: "missing, and the release is not imported", path: field("images", at, "inputsDigest") });
      }
      if (manifest.images.findIndex((other) => other.arch === arch) !== at) {
        addIssue({ message: `a second image for ${arch}`, path: field("images", at, "arch") });
      }
    }
    for (const [at, { file }] of manifest.transfers.entries()) {
      if (manifest.transfers.findIndex((other) => other.file === file) !== at) {
        addIssue({ message: `a second ${file}`, path: field("transfers", at, "file") });
      }
      if (!file.endsWith(".conf")) addIssue({ message: "must end in .conf", path: field("transfers", at, "file") });
    }
  }),
);

/**
 * @param json the text of a `release.json`, or its value
 * @throws InvalidInput naming the field, `images[1].arch`
 */
export function parseReleaseManifest(json: unknown): ReleaseManifest {
  return d.parseDocument(releaseManifest, "release manifest", json);
}

/** Indented, for people read it too; ends with a line feed. */
export function formatReleaseManifest(manifest: ReleaseManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function pathItem(input: unknown, key: string | number): v.IssuePathItem {
  return { type: "unknown", origin: "value", input, key, value: undefined };
}

/** A file that a release brings along. Of transfer files the manifest does not say the size; they are small. */
export interface ReleaseFile {
  readonly file: string;
  readonly sha256: string;
  readonly size?: number;
}

export function filesOf({ images, transfers }: ReleaseManifest): ReleaseFile[] {
  return [...images, ...transfers].map(({ file, sha256, ...rest }) => ({
    file,
    sha256,
    ...("size" in rest && { size: rest.size }),
  }));
}

/**
 * Whether two manifests are of the same bytes under the same names: images and transfer files. When and by whom they
 * were made may differ.
 */
export function isSameRelease(one: ReleaseManifest, other: ReleaseManifest): boolean {
  const files = (manifest: ReleaseManifest) =>
    new Set(filesOf(manifest).map(({ file, sha256 }) => `${file} ${sha256}`));
  return files(one).symmetricDifference(files(other)).size === 0;
}
