/** The transfer files that machines would have for an image: the release's own, else those that a bakery would write. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  everyVersion,
  InvalidInput,
  parseTransfer,
  publicPath,
  type Release,
  releaseName,
  type Transfer,
  transferFor,
} from "../../../schema/index.ts";
import type { Place } from "../../image/open-image.ts";
import type { FoundManifest } from "../../inspect/provenance.ts";
import { changed } from "../../publish/publisher.ts";
import type { Recipe } from "../../recipe/index.ts";
import { sha256Of } from "../../system/digest.ts";
import { errorCode, NotFoundError, UserError } from "../../system/errors.ts";
import type { Http } from "../../system/http.ts";

export interface TransferFile {
  /** `workerd.conf` */
  readonly file: string;
  readonly transfer: Transfer;
}

export interface Transfers {
  readonly files: readonly [TransferFile, ...TransferFile[]];
  readonly notes: readonly string[];
}

/** @throws UserError for one that is not what its manifest says, or that no client could read */
export async function transfersOf(
  place: Place,
  release: Release,
  { manifest: found, recipe }: { manifest: FoundManifest | undefined; recipe: Recipe | undefined },
  { upstreams: { http } }: { readonly upstreams: { readonly http: Http } },
): Promise<Transfers> {
  const texts = await Promise.all(
    (found?.manifest.transfers ?? []).map(async ({ file, sha256 }) => {
      const text = await (place.kind === "file"
        ? readBeside(found?.at ?? "", file)
        : ask(place.url, { release: releaseName(release), file }, http));
      if (text !== undefined && sha256Of(text) !== sha256) throw changed(file, sha256, sha256Of(text));
      return text === undefined ? [] : [{ file, transfer: parse(file, text) }];
    }),
  );
  const released = nonEmpty(texts.flat());
  if (released !== undefined) return { files: released, notes: [] };
  const options = { extension: release.extension, bakeryUrl: "" };
  const made = (recipe?.transfers ?? []).map((rule) => ({
    file: `${rule.name(release.extension, release.version)}.conf`,
    transfer: transferFor(rule, release.version, options),
  }));
  const usual = { file: `${release.extension}.conf`, transfer: transferFor(everyVersion(), release.version, options) };
  return {
    files: nonEmpty(made) ?? [usual],
    notes: ["no transfer file of its release is there: it was tested with the one that a bake would write"],
  };
}

function nonEmpty([first, ...others]: readonly TransferFile[]): Transfers["files"] | undefined {
  return first && [first, ...others];
}

async function readBeside(manifest: string, file: string): Promise<string | undefined> {
  return readFile(join(dirname(manifest), file), "utf8").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  });
}

/** From the bakery that the image comes from, whatever stands before `/extensions/`. */
async function ask(image: string, at: { release: string; file: string }, http: Http): Promise<string | undefined> {
  const url = new URL(image);
  const prefix = url.pathname.slice(0, Math.max(0, url.pathname.lastIndexOf("/extensions/")));
  const path = `${prefix}${publicPath(at).split("/").map(encodeURIComponent).join("/")}`;
  return http.read(new URL(path, url).href).then(
    ({ text }) => text,
    (error: unknown) => {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    },
  );
}

function parse(file: string, text: string): Transfer {
  try {
    return parseTransfer(text);
  } catch (cause) {
    if (!(cause instanceof InvalidInput)) throw cause;
    throw new UserError(`${file} is no transfer file`, { details: { found: cause.message }, cause });
  }
}
