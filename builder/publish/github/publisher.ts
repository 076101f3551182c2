/**
 * Publishes to releases of a repository on GitHub, as the reference does: `kubernetes-v1.34.1` has the files of a
 * release, `kubernetes` its index and transfer files, `SHA256SUMS` the global index. Hosts fetch them at
 * `https://github.com/<owner>/<repository>/releases/download/<tag>/<file>`, or through a bakery in front.
 *
 * The order makes every moment a good one to be killed in: a draft with all files, each held against its digest; its
 * publication; inventory and index of the extension; the global index. The next run takes up what it finds.
 */
import {
  addRelease,
  GLOBAL_INDEX,
  type IndexEntry,
  type Inventory,
  KEYRINGS,
  NOOP_TRANSFER,
  parseImageFile,
  publicPath,
  type ReleaseManifest,
  releaseName,
} from "../../../schema/index.ts";
import { UserError } from "../../system/errors.ts";
import type { Progress } from "../../system/progress.ts";
import { demandClockOf } from "../clock.ts";
import { releaseText, type SigningPolicy } from "../index-signer.ts";
import type { LocalRelease, Published, Publisher } from "../publisher.ts";
import { type Content, contentsOf, textContent } from "./contents.ts";
import { extensionContents, globalContents, type IndexContext, inventoryIn } from "./indexes.ts";
import { Metadata } from "./metadata.ts";
import { MetadataWriter, type Plan } from "./metadata-writer.ts";
import { extensionNotes, globalNotes, keyNotes, noopNotes } from "./notes.ts";
import { rebuiltInventory } from "./rebuild.ts";
import { ReleaseWriter } from "./release.ts";
import type { GithubReleases } from "./releases.ts";

export interface GithubPublisherOptions {
  readonly releases: GithubReleases;
  readonly progress: Progress;
  /** None: indexes are not signed */
  readonly signing?: SigningPolicy | undefined;
}

interface ExtensionPlan extends Plan {
  readonly lines: readonly IndexEntry[];
  readonly inventory: Inventory;
}

export class GithubPublisher implements Publisher {
  readonly #releases: GithubReleases;
  readonly #progress: Progress;
  readonly #signing: SigningPolicy | undefined;

  constructor({ releases, progress, signing }: GithubPublisherOptions) {
    this.#releases = releases;
    this.#progress = progress;
    this.#signing = signing;
  }

  async publish(release: LocalRelease): Promise<Published> {
    const { manifest } = release;
    const signature = await this.#signing?.key.sign(releaseText(manifest));
    const contents = await contentsOf(release, signature);
    const writer = new MetadataWriter(this.#releases);
    const planExtension = () => this.#planPublication(manifest, contents, signature);
    // What is damaged, or cannot be signed, is found out before anything is sent.
    const extension = await writer.untilStill(manifest.extension, planExtension);
    const global = await writer.untilStill(GLOBAL_INDEX.release, () =>
      this.#planGlobal(async () => extension, manifest),
    );

    const uploaded = await this.#progress.step(
      "Uploading",
      () => {
        const individual = new ReleaseWriter(this.#releases, manifest, contents);
        return writer.untilStill(releaseName(manifest), (tries) =>
          individual.put(() => (tries === 1 ? writer.drafts() : this.#releases.drafts())),
        );
      },
      (files) => files.join(", ") || "everything is there",
    );
    const changed = await this.#progress.step(
      "Putting the indexes",
      () => this.#putMetadata(writer, { extension, global }, planExtension, manifest),
      (paths) => paths.join(", ") || "unchanged",
    );
    const tag = releaseName(manifest);
    return { written: [...uploaded.map((file) => publicPath({ release: tag, file })), ...changed] };
  }

  /**
   * Makes an extension's metadata anew from all of its releases, whatever it says, and its lines of the global index.
   * @returns public paths of what was changed
   * @throws UserError where nothing is published of it
   */
  async reindex(extension: string): Promise<string[]> {
    const plan = async (): Promise<ExtensionPlan> => {
      const metadata = await this.#open(extension);
      const { before, inventory, transfers } = await rebuiltInventory(extension, metadata, this.#releases);
      const context = this.#context();
      const { lines, contents } = await extensionContents(metadata, { before, inventory, keepsOthers: false }, context);
      return { metadata, lines, inventory, contents: [...transfers, ...contents] };
    };
    const writer = new MetadataWriter(this.#releases);
    const planned = await writer.untilStill(extension, plan);
    const global = await writer.untilStill(GLOBAL_INDEX.release, () => this.#planGlobal(async () => planned));
    return [
      ...(planned.metadata.isThere ? await this.#putConstants(writer) : []),
      ...(await this.#putMetadata(writer, { extension: planned, global }, plan)),
    ];
  }

  async #planPublication(
    manifest: ReleaseManifest,
    files: readonly Content[],
    signature: string | undefined,
  ): Promise<ExtensionPlan> {
    const metadata = await this.#open(manifest.extension);
    const before = await inventoryIn(metadata);
    const inventory = addRelease(before, manifest, { publishedAt: new Date(), signature });
    const context = this.#context(manifest);
    const { lines, contents } = await extensionContents(metadata, { before, inventory, keepsOthers: true }, context);
    const [newest] = lines;
    // The extension's own transfer files are those of its newest release.
    const isNewest = newest !== undefined && parseImageFile(newest.file)?.version === manifest.version;
    const transfers = files.filter(({ file }) => isNewest && manifest.transfers.some((one) => one.file === file));
    return { metadata, lines, inventory, contents: [...transfers, ...contents] };
  }

  /**
   * The global index is looked at before the extension's: who changes it after that makes us begin anew, and whose
   * lines it had by then are in the extension's.
   */
  async #planGlobal(planExtension: () => Promise<ExtensionPlan>, own?: ReleaseManifest): Promise<Plan> {
    const metadata = await this.#open(GLOBAL_INDEX.release);
    return { metadata, contents: await globalContents(metadata, await planExtension(), this.#context(own)) };
  }

  async #putMetadata(
    writer: MetadataWriter,
    first: { readonly extension: ExtensionPlan; readonly global: Plan },
    planExtension: () => Promise<ExtensionPlan>,
    own?: ReleaseManifest,
  ): Promise<string[]> {
    const { extension, global } = first;
    // What does not change with a release is seen to before the first one, and by reindex.
    const constants = extension.metadata.isThere ? [] : await this.#putConstants(writer);
    const put = await writer.put(extension, planExtension, extensionNotes(extension.inventory.extension));
    // What was planned before anything was sent holds, if nobody else has changed the extension since.
    const planGlobal = () => this.#planGlobal(planExtension, own);
    const all = await writer.put(put.plan === extension ? global : undefined, planGlobal, globalNotes);
    return [...constants, ...put.changed, ...all.changed];
  }

  async #putConstants(writer: MetadataWriter): Promise<string[]> {
    const changed = [...(await writer.put(undefined, () => this.#planNoop(), noopNotes)).changed];
    const keyring = this.#signing?.trusted.bytes;
    if (keyring === undefined) return changed;
    for (const [tag, files] of Map.groupBy(KEYRINGS, ({ release }) => release)) {
      const contents = files.map(({ file }) => textContent(file, keyring));
      const plan = async () => ({ metadata: await this.#open(tag), contents });
      changed.push(...(await writer.put(undefined, plan, keyNotes)).changed);
    }
    return changed;
  }

  /** The reference's is made by hand. Whatever it says, it stays. */
  async #planNoop(): Promise<Plan> {
    const metadata = await Metadata.open(this.#releases, "noop");
    return { metadata, contents: metadata.has("noop.conf") ? [] : [textContent("noop.conf", NOOP_TRANSFER)] };
  }

  async #open(tag: string): Promise<Metadata> {
    const metadata = await Metadata.open(this.#releases, tag);
    // Machines refuse signatures that are of a time to come.
    if (this.#signing) demandClockOf(this.#releases.time);
    if (metadata.isImmutable) {
      throw new UserError(`the release ${tag} is immutable, and has to change with each publication`, {
        hint: `switch immutable releases off in the settings of ${this.#releases.repository}, and delete that release`,
      });
    }
    return metadata;
  }

  #context(own?: ReleaseManifest): IndexContext {
    return { signing: this.#signing, own };
  }
}
