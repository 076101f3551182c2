/** What a merge test is about: an image, of which release, how machines come to it, and what it is to do. */
import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { type Arch, isArch, parseImageFile, type Release } from "../../../schema/index.ts";
import type { SmokeCommand } from "../../bake/smoke.ts";
import type { Catalog } from "../../catalog.ts";
import type { Contents } from "../../image/contents.ts";
import { type OpenImage, type OpeningWorld, withImage } from "../../image/open-image.ts";
import { metadataOf } from "../../inspect/inspection.ts";
import { type FoundManifest, findManifest } from "../../inspect/provenance.ts";
import { openRelease } from "../../publish/publisher.ts";
import { UserError } from "../../system/errors.ts";
import { machineArch } from "../machine-arch.ts";
import { type Expectations, expectationsOf, recipeOf } from "./expectations.ts";
import { type TransferFile, transfersOf } from "./transfers.ts";

export interface Subject {
  readonly release: Release;
  readonly arch: Arch;
  /** `path` can be read on this machine. */
  readonly image: { readonly path: string; readonly sha256: string; readonly size: number };
  /** What the image says of itself: os-release(5) */
  readonly metadata: Readonly<Record<string, string>>;
  readonly contents: Contents;
  /** The first one is what the guest follows. */
  readonly transfers: readonly [TransferFile, ...TransferFile[]];
  readonly expects: Expectations;
  /** What somebody who reads the result has to know. */
  readonly notes: readonly string[];
}

export interface SubjectOptions {
  /** Run beside those that the recipe has. */
  readonly smoke: readonly SmokeCommand[];
}

export type SubjectWorld = OpeningWorld & { readonly catalog: Catalog };

/**
 * @param operand an image's path or URL, or a folder with a release
 * @throws UserError for what no test is needed of, for it cannot be merged
 */
export async function withSubject<T>(
  operand: string,
  world: SubjectWorld,
  options: SubjectOptions,
  use: (subject: Subject) => Promise<T>,
): Promise<T> {
  const arch = machineArch();
  const found = await imageOf(operand, arch, world.cwd);
  return withImage(found, world, async (image) => {
    const manifest = await findManifest(image, world.upstreams.http);
    const identity = identityOf(image, manifest, arch);
    const { release, arch: imageArch } = identity;
    if (imageArch !== arch) throw foreign(found, imageArch, arch);
    const { extension, release: metadata } = metadataOf(image);
    checkName(image, extension, release);

    const { recipe, note } = await recipeOf(release, world.catalog);
    const choices = manifest?.manifest.provenance ?? { bundled: {} };
    const transfers = await transfersOf(image.place, release, { manifest, recipe }, world);
    return use({
      release,
      arch,
      image: { path: image.path, sha256: image.sha256, size: image.size },
      metadata,
      contents: image.contents,
      transfers: transfers.files,
      expects: expectationsOf(recipe, release, choices, arch, image.contents, options.smoke),
      notes: [...identity.notes, note, ...transfers.notes],
    });
  });
}

/** The image in a release's folder that is for this machine; anything else is an image itself. */
async function imageOf(operand: string, arch: Arch, cwd: string): Promise<string> {
  if (/^https?:/i.test(operand)) return operand;
  const folder = resolve(cwd, operand);
  const isFolder = (await stat(folder).catch(() => undefined))?.isDirectory() ?? false;
  if (!isFolder) return operand;
  const { manifest } = await openRelease(folder);
  const image = manifest.images.find((one) => one.arch === arch);
  if (image === undefined) throw foreign(operand, manifest.images.map((one) => one.arch).join(", "), arch);
  return resolve(folder, image.file);
}

interface Identity {
  readonly release: Release;
  readonly arch: Arch;
  readonly notes: readonly string[];
}

/** By its manifest, by its name, or by what it says of itself, whichever there is first. */
function identityOf(image: OpenImage, found: FoundManifest | undefined, arch: Arch): Identity {
  if (found !== undefined) {
    const { extension, version } = found.manifest;
    return { release: { extension, version }, arch: found.image.arch, notes: [] };
  }
  const { extension = "", release: metadata } = metadataOf(image);
  const claimed = metadata.ARCHITECTURE ?? arch;
  const file = fileNameOf(image);
  const named = parseImageFile(file);
  if (named !== undefined) {
    const { arch: namedArch, ...release } = named;
    return { release, arch: namedArch === arch && isArch(claimed) ? claimed : namedArch, notes: [] };
  }
  if (!isArch(claimed)) throw foreign(image.name, claimed, arch);
  // One that has a minor number, for transfer files of a series.
  const version = "0.0.0";
  const notes = [`no release manifest beside it names this image: it is called version ${version}`];
  return {
    release: { extension: extension === "" ? file.replace(/\.raw$/, "") : extension, version },
    arch: claimed,
    notes,
  };
}

/** systemd-sysext takes no image whose file has another name than its extension-release file: os-release(5). */
function checkName(image: OpenImage, named: string | undefined, { extension }: Release): void {
  if (named === undefined) {
    throw new UserError(`${image.name} is no system extension`, {
      details: { found: "no extension-release file in usr/lib/extension-release.d, or more than one" },
      hint: "bake it with ./bakery create; ./bakery inspect shows what is in it",
    });
  }
  const file = fileNameOf(image);
  const called = parseImageFile(file)?.extension ?? file.replace(/\.raw$/, "");
  const wrong = named !== extension ? extension : called !== named && called !== extension ? called : undefined;
  if (wrong === undefined) return;
  throw new UserError(`${image.name} has the metadata of another extension`, {
    details: { "file name": wrong, metadata: named },
    hint: `systemd-sysext would not merge it: call it ${named}.raw, or bake it as ${wrong}`,
  });
}

function fileNameOf({ place }: OpenImage): string {
  return basename(place.kind === "file" ? place.path : decodeURIComponent(new URL(place.url).pathname));
}

function foreign(name: string, arch: string, here: Arch): UserError {
  return new UserError(`${name} is for ${arch}, and this machine is ${here}`, {
    hint: `a guest of another architecture cannot be booted here: test it on a machine that is ${arch}`,
  });
}
