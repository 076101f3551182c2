/** Sends to a bakery what tells of a release and of its extension: build log, contents, profile. */
import {
  type ExtensionProfile,
  formatExtensionProfile,
  formatReleaseContents,
  parseDescriptionPut,
} from "../../schema/index.ts";
import type { Progress } from "../system/progress.ts";
import { type ApiRequest, type BakeryApi, Refusal } from "./bakery-api.ts";
import { releasePath } from "./paths.ts";
import type { LocalRelease } from "./publisher.ts";

interface Receiver {
  readonly api: BakeryApi;
  readonly progress: Progress;
}

const JSON_TYPE = "application/json";

/** What the bakery has already stays. One that is older than these documents is told nothing, and that is said. */
export async function sendDescriptions(release: LocalRelease, { api, progress }: Receiver): Promise<void> {
  const { manifest, log, contents, profile } = release;
  const put = async (path: string, type: string, body: string | undefined): Promise<void> => {
    if (body === undefined) return;
    await api.send(putting(path, type, body), parseDescriptionPut).catch((error) => {
      if (!(error instanceof Refusal) || error.code !== "not_found") throw error;
      progress.note(`the bakery is of an older version, and does not take ${path}`);
    });
  };
  await put(`${releasePath(manifest)}/log`, "text/plain; charset=utf-8", log);
  await put(`${releasePath(manifest)}/contents`, JSON_TYPE, contents && formatReleaseContents(contents));
  await put(`${manifest.extension}/profile`, JSON_TYPE, profile && formatExtensionProfile(profile));
}

/** @returns whether the bakery has it now; else it has one that was made with a newer version */
export async function sendProfile(profile: ExtensionProfile, api: BakeryApi): Promise<boolean> {
  const request = putting(`${profile.extension}/profile`, JSON_TYPE, formatExtensionProfile(profile));
  return (await api.send(request, parseDescriptionPut)).kept;
}

function putting(path: string, type: string, body: string): ApiRequest {
  return { method: "PUT", path, headers: { "content-type": type }, body: () => body };
}
