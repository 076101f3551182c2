/** Remembers which digest upstream vouched for, by what a recipe says of a download: so that nobody need ask again. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Download } from "../../recipe/index.ts";
import { sha256Of } from "../../system/digest.ts";
import { writeText } from "../../system/work-dir.ts";
import type { ResolvedDownload } from "./resolve.ts";

/** What of a resolved download is remembered. */
export type Known = Pick<ResolvedDownload, "address"> & {
  readonly expected: NonNullable<ResolvedDownload["expected"]>;
};

/** By what it is looked up. */
type Described = Pick<Download, "url" | "verify">;

const KNOWN = /^(?<algorithm>sha256|sha512) (?<hex>[0-9a-f]+) (?<address>https?:\S+)\n$/;

export class KnownDigests {
  readonly #folder: string;
  readonly #written = new Map<string, Promise<void>>();

  /** @param folder made if need be; a file for each download */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Undefined too where something has changed in what the recipe says. */
  async recall(download: Described): Promise<Known | undefined> {
    const { algorithm, hex, address } = KNOWN.exec(await this.#text(download))?.groups ?? {};
    if (algorithm === undefined || hex === undefined || address === undefined) return undefined;
    return { address, expected: { algorithm: algorithm === "sha512" ? "sha512" : "sha256", hex } };
  }

  async remember(download: Described, { address, expected: { algorithm, hex } }: Known): Promise<void> {
    const text = `${algorithm} ${hex} ${address}\n`;
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
