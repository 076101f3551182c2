/** Files of a draft, as they arrive: whole, or in parts of which each is checked by itself. */
import {
  filesOf,
  MAX_TRANSFER_BYTES,
  partsOf,
  type Release,
  type ReleaseFile,
  type ReleaseManifest,
  releaseName,
} from "../../schema/index.ts";
import { ApiProblem } from "../errors.ts";
import { type Drafts, partBytes } from "./drafts.ts";
import { HashMismatch, type Objects } from "./objects.ts";

export interface Upload {
  /** The draft's, from `If-Match` */
  readonly draft: string;
  readonly file: string;
  /** From 1 */
  readonly part: number;
  readonly length: number | undefined;
  /** Of this part, in hex; of a file in one part the manifest says it */
  readonly sha256: string | undefined;
  readonly body: ReadableStream | null;
}

export class Uploads {
  readonly #objects: Objects;
  readonly #drafts: Drafts;

  constructor(objects: Objects, drafts: Drafts) {
    this.#objects = objects;
    this.#drafts = drafts;
  }

  /** @throws ApiProblem for what is no part of this draft, or not what it should be */
  async put(release: Release, upload: Upload): Promise<void> {
    const { manifest } = await this.#drafts.find(release, upload.draft);
    const file = requireFile(manifest, upload.file);
    const parts = partsOf(file.size ?? 0);
    if (upload.part > parts) {
      throw new ApiProblem(400, "no_such_part", `${file.file} has ${parts} parts, there is no part ${upload.part}`);
    }
    checkLength(file, upload);
    const sha256 = parts === 1 ? file.sha256 : upload.sha256;
    if (sha256 === undefined) {
      const hint = "send Content-Digest: sha-256=:<base64>: of the part (RFC 9530)";
      throw new ApiProblem(400, "no_digest", `part ${upload.part} of ${file.file} has no digest`, { hint });
    }
    try {
      const key = this.#drafts.partKey(release, file, upload.part);
      await this.#objects.writeBody(key, upload.body ?? new ArrayBuffer(0), sha256);
    } catch (error) {
      if (!(error instanceof HashMismatch)) throw error;
      const hint = parts === 1 ? "bake it again" : "it was damaged on its way, or is another part: send it again";
      throw new ApiProblem(422, "hash_mismatch", `${file.file} is not what its hash says`, { hint });
    }
  }
}

function requireFile(manifest: ReleaseManifest, name: string): ReleaseFile {
  const file = filesOf(manifest).find((it) => it.file === name);
  if (file === undefined) {
    const hint = "it must be in the release manifest that began the draft";
    const message = `${releaseName(manifest)} has no file ${JSON.stringify(name.slice(0, 255))}`;
    throw new ApiProblem(404, "no_such_file", message, { hint });
  }
  return file;
}

/** R2 wants to know the length before the first byte. */
function checkLength(file: ReleaseFile, { length, part }: Upload): void {
  if (length === undefined) {
    throw new ApiProblem(411, "length_required", "the request has no Content-Length", {
      hint: "do not send it chunked",
    });
  }
  if (file.size === undefined) {
    if (length <= MAX_TRANSFER_BYTES) return;
    throw new ApiProblem(
      413,
      "too_large",
      `${file.file} has ${length} bytes, at most ${MAX_TRANSFER_BYTES} are allowed`,
    );
  }
  const wanted = partBytes(file.size, part);
  if (length === wanted) return;
  const message = `part ${part} of ${file.file} has ${wanted} bytes, and not ${length}`;
  throw new ApiProblem(length > wanted ? 413 : 400, "wrong_length", message);
}
