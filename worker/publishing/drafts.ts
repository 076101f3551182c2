/**
 * Releases on their way in: the manifest of each, and the parts of its files that have arrived.
 *
 * Everything of a draft lies below `.drafts/<release>/`, which no public path leads to. Parts are stored under the
 * hash of the file that they are of. So two publishers with different bytes for one release never mix them, and an
 * upload that comes late can harm nothing: only a commit writes to where clients read.
 */
import {
  DRAFT_EXPIRY_SECONDS,
  type Draft,
  type DraftFile,
  type Drafts as DraftList,
  filesOf,
  formatReleaseManifest,
  isSameRelease,
  PART_BYTES,
  parseReleaseManifest,
  parseReleaseName,
  partsOf,
  type Release,
  type ReleaseFile,
  type ReleaseManifest,
  releaseName,
} from "../../schema/index.ts";
import type { Clock } from "../context.ts";
import { sha256Hex } from "../digest.ts";
import { ApiProblem } from "../errors.ts";
import type { Objects } from "./objects.ts";

export const DRAFTS = ".drafts/";
const DRAFT_FILE = "draft.json";

export interface OpenDraft {
  readonly id: string;
  readonly manifest: ReleaseManifest;
}

export class Drafts {
  readonly #objects: Objects;
  readonly #now: Clock;

  constructor(objects: Objects, now: Clock) {
    this.#objects = objects;
    this.#now = now;
  }

  /**
   * Begins a draft, or takes up the one of the same files, which somebody else may be at just now; other files take
   * the place of those before.
   */
  async open(manifest: ReleaseManifest): Promise<Draft> {
    const text = await this.#put(manifest);
    const files = await this.files(manifest);
    return { state: "draft", draft: await idOf(text), partBytes: PART_BYTES, files };
  }

  async #put(manifest: ReleaseManifest): Promise<string> {
    const key = draftKey(manifest, DRAFT_FILE);
    const own = formatReleaseManifest(manifest);
    if ((await this.#objects.write(key, own, "nothing")) !== undefined) return own;
    const stored = await this.#objects.read(key);
    const isSame = stored !== undefined && isSameRelease(parseReleaseManifest(stored.text), manifest);
    const text = isSame ? stored.text : own;
    // Also what is there already, so that it does not expire under our hands.
    await this.#objects.overwrite(key, text);
    return text;
  }

  /**
   * @param id of the draft that the request is about
   * @throws ApiProblem where there is none, or another one by now
   */
  async find(release: Release, id: string): Promise<OpenDraft> {
    const name = releaseName(release);
    const stored = await this.#objects.read(draftKey(release, DRAFT_FILE));
    if (stored === undefined) {
      throw new ApiProblem(404, "no_draft", `there is no draft of ${name}`, {
        hint: "post its release manifest first",
      });
    }
    if ((await idOf(stored.text)) !== id) {
      const hint = "somebody else publishes this version with another manifest; begin anew if yours is the right one";
      throw new ApiProblem(412, "draft_replaced", `the draft of ${name} is another one by now`, { hint });
    }
    return { id, manifest: parseReleaseManifest(stored.text) };
  }

  /** What has arrived of each file. */
  async files(manifest: ReleaseManifest): Promise<DraftFile[]> {
    const stored = new Map((await this.#objects.list(draftKey(manifest, ""))).map(({ key, size }) => [key, size]));
    return filesOf(manifest).map((file) => {
      const parts = partsOf(file.size ?? 0);
      const missing = Array.from({ length: parts }, (_, at) => at + 1).filter((part) => {
        const size = stored.get(this.partKey(manifest, file, part));
        return size === undefined || (file.size !== undefined && size !== partBytes(file.size, part));
      });
      return { file: file.file, sha256: file.sha256, parts, missing };
    });
  }

  /** @param part from 1 */
  partKey(release: Release, { sha256 }: Pick<ReleaseFile, "sha256">, part: number): string {
    return draftKey(release, `${sha256}.${part}`);
  }

  /** Takes away all parts of a file, which turned out to be another one. */
  async discard(release: Release, file: ReleaseFile): Promise<void> {
    const parts = Array.from({ length: partsOf(file.size ?? 0) }, (_, at) => at + 1);
    await this.#objects.delete(parts.map((part) => this.partKey(release, file, part)));
  }

  async remove(release: Release): Promise<void> {
    const stored = await this.#objects.list(draftKey(release, ""));
    await this.#objects.delete(stored.map(({ key }) => key));
  }

  /** Those of one extension, by version. */
  async of(extension: string): Promise<DraftList> {
    const objects = await this.#objects.list(`${DRAFTS}${extension}-`);
    const byRelease = Map.groupBy(objects, ({ key }) => key.slice(DRAFTS.length, key.lastIndexOf("/")));
    return [...byRelease].flatMap(([name, parts]) => {
      const release = parseReleaseName(name);
      // The prefix is that of `docker` and of `docker-compose`.
      if (release?.extension !== extension) return [];
      const usedAt = Math.max(...parts.map(({ uploaded }) => uploaded.getTime()));
      return [{ version: release.version, usedAt: new Date(usedAt).toISOString() }];
    });
  }

  /** Takes away drafts that nobody has come back for, with all that was uploaded for them. */
  async expire(): Promise<string[]> {
    const before = this.#now() - DRAFT_EXPIRY_SECONDS * 1000;
    const byDraft = Map.groupBy(await this.#objects.list(DRAFTS), ({ key }) => key.slice(0, key.lastIndexOf("/") + 1));
    const expired = [...byDraft].filter(([, objects]) => objects.every(({ uploaded }) => uploaded.getTime() < before));
    await this.#objects.delete(expired.flatMap(([, objects]) => objects.map(({ key }) => key)));
    return expired.map(([prefix]) => prefix.slice(DRAFTS.length, -1));
  }
}

/** How long a part is, in bytes: all alike, but for the last one. */
export function partBytes(size: number, part: number): number {
  return Math.min(PART_BYTES, size - (part - 1) * PART_BYTES);
}

function draftKey(release: Release, file: string): string {
  return `${DRAFTS}${releaseName(release)}/${file}`;
}

function idOf(text: string): Promise<string> {
  return sha256Hex(new TextEncoder().encode(text));
}
