/** The images that a machine is to merge: what they are called inside, and that it would merge them at all. */
import type { Arch } from "../../schema/index.ts";
import { type OpeningWorld, withImage } from "../image/open-image.ts";
import { metadataOf } from "../inspect/inspection.ts";
import { UserError } from "../system/errors.ts";

export interface BootImage {
  /** As it was given: a path or a URL. */
  readonly given: string;
  /** Where its bytes are. */
  readonly path: string;
  /** By its metadata, which is what its file has to be called to be merged: systemd-sysext(8) */
  readonly extension: string;
  readonly sha256: string;
}

/** What an image's metadata is held against. */
export interface BootHost {
  readonly arch: Arch;
  /** `ID=` of os-release(5) */
  readonly os: string;
}

/**
 * @param use may read the images until it is done
 * @throws UsageError for what is no file; UserError for what is no image, and what the host would pass over in silence
 */
export async function withImages<T>(
  names: readonly string[],
  host: BootHost,
  world: OpeningWorld,
  use: (images: readonly BootImage[]) => Promise<T>,
  opened: readonly BootImage[] = [],
): Promise<T> {
  const [given, ...others] = names;
  if (given === undefined) return use(opened);
  return withImage(given, world, async (image) => {
    const { extension, release } = metadataOf(image);
    if (extension === undefined) {
      throw new UserError(`${given} is no system extension`, {
        details: { missing: "usr/lib/extension-release.d/extension-release.<name>, or there is more than one" },
        hint: "give an image that ./bakery create has made",
      });
    }
    checkHost(given, release, host);
    const twin = opened.find((one) => one.extension === extension);
    if (twin !== undefined) {
      throw new UserError(`two images of one extension: ${extension}`, {
        details: { images: `${twin.given}, ${given}` },
        hint: "a host merges one image of an extension: leave one out",
      });
    }
    const { path, sha256 } = image;
    return withImages(others, host, world, use, [...opened, { given, path, extension, sha256 }]);
  });
}

function checkHost(given: string, release: Readonly<Record<string, string>>, host: BootHost): void {
  const { ARCHITECTURE: arch = host.arch, ID: id = host.os } = release;
  if (arch !== host.arch && arch !== "_any") {
    throw new UserError(`${given} is for ${arch}, and the machine is ${host.arch}`, {
      hint: `a host passes over such an image in silence: --arch ${arch}, or an image for ${host.arch}`,
    });
  }
  if (id !== host.os && id !== "_any") {
    throw new UserError(`${given} is for ID=${id}, and the machine runs ${host.os}`, {
      hint: id === "flatcar" || id === "debian" ? `try --os ${id}` : "make one with --os _any",
    });
  }
}
