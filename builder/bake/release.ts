/**
 * What is written beside an image: its line for the index, transfer files, and the release manifest. The images of one
 * release are baked one at a time, so a manifest takes up what was baked before it.
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import {
  ARCHES,
  type BuildRecord,
  formatReleaseManifest,
  formatSha256Sums,
  formatTransfer,
  parseReleaseManifest,
  type ReleaseManifest,
  type ReleaseTransfer,
  releaseName,
  type TransferOptions,
  type TransferRule,
  transferFor,
} from "../../schema/index.ts";
import { sha256Of } from "../system/digest.ts";
import { readDocument } from "../system/read-document.ts";
import { writeText } from "../system/work-dir.ts";
import type { Baked } from "./bake.ts";
import type { Plan } from "./plan.ts";

/** A transfer file to be: its text, and what the manifest says of it. */
export interface RenderedTransfer extends ReleaseTransfer {
  readonly text: string;
}

/** Where an extension is published, and whether machines shall demand a signed index there. */
export type Hosting = Pick<TransferOptions, "bakeryUrl" | "verify">;

export interface Circumstances {
  readonly builtAt: Date;
  readonly commit?: string | undefined;
}

/** @param hosting the bakery that publishes the extension: machines will ask there */
export function renderTransfers(plan: Plan, hosting: Hosting): RenderedTransfer[] {
  return plan.transfers.map((rule: TransferRule) => {
    const transfer = transferFor(rule, plan.version, { extension: plan.extension, ...hosting });
    const text = formatTransfer(transfer);
    const file = `${rule.name(plan.extension, plan.version)}.conf`;
    return { file, sha256: sha256Of(text), matchPattern: transfer.source.matchPatterns.join(" "), text };
  });
}

/** Whether a release has these transfer files. */
export function sameTransfers({ transfers }: ReleaseManifest, rendered: readonly RenderedTransfer[]): boolean {
  const hashes = (list: readonly { sha256: string }[]) => list.map(({ sha256 }) => sha256).join();
  return hashes(transfers) === hashes(rendered);
}

/** The manifest of a release that now has this image too. */
export function describeRelease(
  plan: Plan,
  { image, downloads, builds }: Baked,
  transfers: readonly RenderedTransfer[],
  { builtAt, commit }: Circumstances,
  before?: ReleaseManifest,
): ReleaseManifest {
  const others = before?.images.filter(({ arch }) => arch !== image.arch) ?? [];
  const images = [...others, image].sort((a, b) => ARCHES.indexOf(a.arch) - ARCHES.indexOf(b.arch));
  const kept = before?.provenance.downloads.filter(({ url }) => downloads.every((one) => one.url !== url)) ?? [];
  return parseReleaseManifest({
    schemaVersion: 1,
    extension: plan.extension,
    version: plan.version,
    images,
    transfers: transfers.map(({ file, sha256, matchPattern }) => ({ file, sha256, matchPattern })),
    provenance: {
      ...(commit !== undefined && { commit }),
      builtAt: builtAt.toISOString(),
      bundled: plan.bundled,
      ...(Object.keys(plan.options).length > 0 && { options: plan.options }),
      downloads: [...(others.length === 0 ? [] : kept), ...downloads],
      // Those of the other image too, where they are others.
      ...(builds.length > 0 && {
        builds: distinct([...(others.length === 0 ? [] : (before?.provenance.builds ?? [])), ...builds]),
      }),
    },
  } satisfies ReleaseManifest);
}

/**
 * The manifest in a file, if it is this release's and each image that it names still lies in `folder` as it says.
 * Anything else was made by another run and says nothing about this one.
 */
export async function manifestFor(plan: Plan, file: string, folder: string): Promise<ReleaseManifest | undefined> {
  const manifest = await readManifest(file);
  if (manifest === undefined || releaseName(manifest) !== releaseName(plan)) return undefined;
  const sizes = await Promise.all(manifest.images.map((image) => sizeOf(join(folder, image.file))));
  const images = manifest.images.filter(({ size }, at) => sizes[at] === size);
  return images.length === 0 ? undefined : { ...manifest, images };
}

/** `SHA256SUMS.<name>`: one line, for the image under the name that it has on this machine. */
export async function writeChecksum(folder: string, plan: Plan, file: string, sha256: string): Promise<string> {
  const path = join(folder, `SHA256SUMS.${plan.extension}`);
  await writeText(path, formatSha256Sums([{ file, sha256 }]));
  return path;
}

export async function writeTransfers(folder: string, transfers: readonly RenderedTransfer[]): Promise<string[]> {
  return Promise.all(
    transfers.map(async ({ file, text }) => {
      const path = join(folder, file);
      await writeText(path, text);
      return path;
    }),
  );
}

export async function writeManifest(path: string, manifest: ReleaseManifest): Promise<void> {
  await writeText(path, formatReleaseManifest(manifest));
}

/** @throws UserError for a file that is there and is no release manifest */
export async function readManifest(path: string): Promise<ReleaseManifest | undefined> {
  return readDocument(path, parseReleaseManifest);
}

function distinct(builds: readonly BuildRecord[]): BuildRecord[] {
  return [...new Map(builds.map((one) => [JSON.stringify([one.kind, one.from, one.network]), one])).values()];
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch {
    return undefined;
  }
}
