/** Remembers which digest upstream vouched for, by what a recipe says of a download: so that nobody need ask again. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { VERIFICATIONS } from "../../../schema/index.ts";
import type { Download } from "../../recipe/index.ts";
import { sha256Of } from "../../system/digest.ts";
import { writeText } from "../../system/work-dir.ts";
import type { ResolvedDownload } from "./resolve.ts";

/** What of a resolved download is remembered. */
export type Known = Pick<ResolvedDownload, "address" | "verifiedBy" | "reason" | "commit"> & {
  readonly expected: NonNullable<ResolvedDownload["expected"]>;
};

/** By what it is looked up. */
type Described = Pick<Download, "url" | "verify">;

const known = v.object({
  address: v.pipe(v.string(), v.url()),
  verifiedBy: v.picklist(VERIFICATIONS),
  reason: v.exactOptional(v.string()),
  commit: v.exactOptional(v.string()),
  expected: v.object({ algorithm: v.picklist(["sha256", "sha512"]), hex: v.pipe(v.string(), v.hexadecimal()) }),
});

export class KnownDigests {
  readonly #folder: string;
  readonly #written = new Map<string, Promise<void>>();

  /** @param folder made if need be; a file for each download */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Undefined too where something has changed in what the recipe says. */
  async recall(download: Described): Promise<Known | undefined> {
    const text = await this.#text(download);
    try {
      return v.parse(known, JSON.parse(text));
    } catch {
      return undefined;
    }
  }

  async remember(download: Described, { address, verifiedBy, reason, commit, expected }: Known): Promise<void> {
    const text = `${JSON.stringify({ address, verifiedBy, reason, commit, expected })}\n`;
    if ((await this.#text(download)) === text) return;
    // Both architectures of a release may have the same to say at the same time.
    const file = this.#file(download);
    const written = this.#written.get(file + text) ?? writeText(file, text);
    this.#written.set(file + text, written);
    await written;
  }

  #text(download: Described): Promise<string> {
    return readFile(this.#file(download), "utf8").catch(() => "");
  }

  #file(download: Described): string {
    return join(this.#folder, sha256Of(JSON.stringify([download.url, download.verify])));
  }
}
