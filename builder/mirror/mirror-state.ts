/**
 * What a mirror remembers between its runs, in `.mirror/` of its folder: what the bakery said and with which entity
 * tags, so that it is asked for news alone. All of it may be lost: then it is asked for anew, and no image is fetched
 * again.
 */
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { parseSha256Sums } from "../../schema/index.ts";
import { UsageError } from "../system/errors.ts";
import { writeText } from "../system/work-dir.ts";

const indexText = v.pipe(
  v.string(),
  v.check((text) => {
    parseSha256Sums(text);
    return true;
  }),
);

/** An index as a bakery has it. */
const signedIndex = v.object({
  text: indexText,
  etag: v.exactOptional(v.string()),
  signature: v.exactOptional(
    v.object({
      /** What its name has behind the index's */
      suffix: v.picklist([".gpg", ".sha256.asc"]),
      base64: v.string(),
      etag: v.exactOptional(v.string()),
    }),
  ),
});

const extensionState = v.object({
  /** What was chosen, and how it was written. Of another one, nothing is known to be there. */
  choice: v.string(),
  index: signedIndex,
  /** By their names; none where the bakery has none */
  series: v.record(v.string(), signedIndex),
  /** The sha256 of each image that is there */
  images: v.record(v.string(), v.string()),
  /** Releases whose other files are there too */
  releases: v.array(v.string()),
});

const mirrorState = v.object({
  schemaVersion: v.literal(1),
  bakery: v.string(),
  /** Whether its indexes were held against a keyring: then they always are. */
  verified: v.boolean(),
  /** The index of all, as it was when all of it was mirrored */
  global: v.exactOptional(signedIndex),
});

export type SignedIndex = v.InferOutput<typeof signedIndex>;
export type ExtensionState = v.InferOutput<typeof extensionState>;
export type MirrorState = v.InferOutput<typeof mirrorState>;

export class MirrorMemory {
  readonly #folder: string;

  /** @param root the mirror's folder */
  constructor(root: string) {
    this.#folder = join(root, ".mirror");
  }

  /** Where downloads lie that are not whole yet. */
  get partials(): string {
    return join(this.#folder, "partial");
  }

  /**
   * Undefined for a folder that is no mirror yet.
   * @throws UsageError where it is damaged: whose mirror it is must not be guessed
   */
  async mirror(): Promise<MirrorState | undefined> {
    const file = join(this.#folder, "mirror.json");
    const text = await readFile(file, "utf8").catch(() => undefined);
    if (text === undefined) return undefined;
    const found = parsed(mirrorState, text);
    if (found !== undefined) return found;
    throw new UsageError(`the mirror does not know any more what it is a mirror of`, {
      details: { file },
      hint: `write {"schemaVersion":1,"bakery":"https://…","verified":true} into it; images are not fetched again`,
    });
  }

  async keepMirror(state: MirrorState): Promise<void> {
    await writeText(join(this.#folder, "mirror.json"), `${JSON.stringify(state)}\n`);
  }

  /** Undefined too where it is damaged. */
  async extension(name: string): Promise<ExtensionState | undefined> {
    const text = await readFile(this.#fileOf(name), "utf8").catch(() => undefined);
    return text === undefined ? undefined : parsed(extensionState, text);
  }

  async keepExtension(name: string, state: ExtensionState): Promise<void> {
    await writeText(this.#fileOf(name), `${JSON.stringify(state)}\n`);
  }

  /** Names of those that are mirrored. */
  async extensions(): Promise<string[]> {
    const files = await readdir(join(this.#folder, "extensions")).catch(() => []);
    return files.flatMap((file) => /^(?<name>[a-z0-9-]+)\.json$/.exec(file)?.groups?.name ?? []).sort();
  }

  async forgetExtension(name: string): Promise<void> {
    await rm(this.#fileOf(name), { force: true });
  }

  #fileOf(extension: string): string {
    return join(this.#folder, "extensions", `${extension}.json`);
  }
}

function parsed<const S extends v.GenericSchema>(schema: S, text: string): v.InferOutput<S> | undefined {
  try {
    return v.parse(schema, JSON.parse(text));
  } catch {
    return undefined;
  }
}
