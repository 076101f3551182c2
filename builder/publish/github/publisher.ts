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
import { NotFoundError, UserError } from "../../system/errors.ts";
import type { Progress } from "../../system/progress.ts";
import { releaseText, type SigningPolicy } from "../index-signer.ts";
import type { LocalRelease, Published, Publisher } from "../publisher.ts";
import { type Content, contentsOf, textContent } from "./contents.ts";
import { extensionContents, globalContents, type IndexContext, inventoryIn } from "./indexes.ts";
import { ChangedMeanwhile, Metadata } from "./metadata.ts";
import { extensionNotes, globalNotes, keyNotes, noopNotes } from "./notes.ts";
import { rebuiltInventory } from "./rebuild.ts";
import { putRelease } from "./release.ts";
import type { GithubAsset, GithubReleases, Notes } from "./releases.ts";

export interface GithubPublisherOptions {
  readonly releases: GithubReleases;
  readonly progress: Progress;
  /** None: indexes are not signed */
  readonly signing?: SigningPolicy | undefined;
}

/** What a metadata release is to have. */
interface Plan {
  readonly metadata: Metadata;
  readonly contents: readonly Content[];
}

interface ExtensionPlan extends Plan {
  readonly lines: readonly IndexEntry[];
  readonly inventory: Inventory;
}

/** As many others may be faster in turn. */
const TRIES = 20;
/** Longer pauses do not make it likelier that nobody else is at it. */
const LONGEST_PAUSE_TRIES = 4;

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
    const planExtension = () => this.#planPublication(manifest, contents, signature);
    // What is damaged, or cannot be signed, is found out before anything is sent.
    const extension = await this.#untilStill(manifest.extension, planExtension);
    const global = await this.#untilStill(GLOBAL_INDEX.release, () =>
      this.#planGlobal(async () => extension, manifest),
    );

    const uploaded = await this.#progress.step(
      "Uploading",
      () => putRelease(this.#releases, manifest, contents),
      (files) => files.join(", ") || "everything is there",
    );
    const changed = await this.#progress.step(
      "Putting the indexes",
      () => this.#putMetadata({ extension, global }, planExtension, manifest),
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
      const metadata = await Metadata.open(this.#releases, extension);
      const { before, inventory, transfers } = await rebuiltInventory(extension, metadata, this.#releases);
      const context = this.#context();
      const { lines, contents } = await extensionContents(metadata, { before, inventory, keepsOthers: false }, context);
      return { metadata, lines, inventory, contents: [...transfers, ...contents] };
    };
    const planned = await this.#untilStill(extension, plan);
    const global = await this.#untilStill(GLOBAL_INDEX.release, () => this.#planGlobal(async () => planned));
    return [
      ...(planned.metadata.isThere ? await this.#putConstants() : []),
      ...(await this.#putMetadata({ extension: planned, global }, plan)),
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
    first: { readonly extension: ExtensionPlan; readonly global: Plan },
    planExtension: () => Promise<ExtensionPlan>,
    own?: ReleaseManifest,
  ): Promise<string[]> {
    const { extension, global } = first;
    // What does not change with a release is seen to before the first one, and by reindex.
    const constants = extension.metadata.isThere ? [] : await this.#putConstants();
    const put = await this.#put(extension, planExtension, extensionNotes(extension.inventory.extension));
    // What was planned before anything was sent holds, if nobody else has changed the extension since.
    const planGlobal = () => this.#planGlobal(planExtension, own);
    const all = await this.#put(put.plan === extension ? global : undefined, planGlobal, globalNotes);
    return [...constants, ...put.changed, ...all.changed];
  }

  /** @param first made already; undefined: what it was made from has changed */
  async #put<P extends Plan>(first: P | undefined, make: () => Promise<P>, notes: Omit<Notes, "tag">) {
    let planned = first;
    const late: GithubAsset[] = [];
    return this.#untilStill(notes.title, async () => {
      const plan = planned ?? (await make());
      planned = undefined;
      const files = await plan.metadata.put(plan.contents, notes).catch((error) => {
        if (error instanceof ChangedMeanwhile) late.push(...error.late);
        throw error;
      });
      await plan.metadata.delete(late);
      return { plan, changed: files.map((file) => publicPath({ release: plan.metadata.tag, file })) };
    });
  }

  /** Again and again, for as long as others change what it is made from: what was there a moment ago is gone then. */
  async #untilStill<T>(what: string, attempt: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof ChangedMeanwhile || error instanceof NotFoundError)) throw error;
        if (tries === TRIES) {
          throw new UserError(`others keep changing the release ${what}`, {
            hint: "one at a time; publish it again, it goes on where it ended",
            cause: error,
          });
        }
      }
      await this.#releases.pause(Math.min(tries, LONGEST_PAUSE_TRIES));
    }
  }

  async #putConstants(): Promise<string[]> {
    const changed = [...(await this.#put(undefined, () => this.#planNoop(), noopNotes)).changed];
    const keyring = this.#signing?.trusted.bytes;
    if (keyring === undefined) return changed;
    for (const [tag, files] of Map.groupBy(KEYRINGS, ({ release }) => release)) {
      const contents = files.map(({ file }) => textContent(file, keyring));
      const plan = async () => ({ metadata: await this.#open(tag), contents });
      changed.push(...(await this.#put(undefined, plan, keyNotes)).changed);
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
    if (metadata.isImmutable) {
      throw new UserError(`the release ${tag} is immutable, and has to change with each publication`, {
        hint: `switch immutable releases off in the settings of ${this.#releases.repository}, and delete that release`,
      });
    }
    return metadata;
  }

  #context(own?: ReleaseManifest): IndexContext {
    return { releases: this.#releases, signing: this.#signing, own };
  }
}
