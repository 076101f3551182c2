/** A bakery on this machine into which tests publish what they bake. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bakeRelease } from "../../builder/bake/bake-release.ts";
import { kitchenFrom } from "../../builder/bake/kitchen.ts";
import type { Catalog } from "../../builder/catalog.ts";
import type { SigningPolicy } from "../../builder/publish/index-signer.ts";
import { openRelease } from "../../builder/publish/publisher.ts";
import {
  type Arch,
  formatPublishedIndex,
  type Generation,
  imageFile,
  parsePublishedIndex,
  type ReleaseManifest,
  releaseName,
} from "../../schema/index.ts";
import type { LocalBakery } from "../../scripts/local-bakery.ts";
import { localPublisher } from "../../scripts/publish-locally.ts";
import { localBakery } from "./local-bakery.ts";

const kitchen = kitchenFrom(process.env);
export const { upstreams } = kitchen;

/** Bakes, and publishes through the API of a worker in workerd. */
export class LocalReleases {
  readonly #local: LocalBakery;
  readonly #work: string;
  /** Whose key signs from now on */
  signing: SigningPolicy | undefined;

  private constructor(local: LocalBakery, work: string, signing: SigningPolicy | undefined) {
    this.#local = local;
    this.#work = work;
    this.signing = signing;
  }

  /** @param vars added to those of a bakery that has nothing but its bucket, and looks at it every time */
  static async open(
    vars: Readonly<Record<string, string>> = {},
    { signing, log }: { signing?: SigningPolicy; log?: (line: string) => void } = {},
  ): Promise<LocalReleases> {
    return new LocalReleases(
      await localBakery({ vars: { INDEX_TTL_SECONDS: "0", ...vars }, ...(log && { log }) }),
      await mkdtemp(join(tmpdir(), "releases-")),
      signing,
    );
  }

  get url(): string {
    return this.#local.url;
  }

  async release(catalog: Catalog, name: string, version: string, arches?: readonly Arch[]): Promise<ReleaseManifest> {
    const folder = join(this.#work, "releases", releaseName({ extension: name, version }));
    const circumstances = { builtAt: new Date() };
    const hosting = { bakeryUrl: this.url, verify: this.signing !== undefined };
    // Quick: how small an image is, is nothing to whoever installs it.
    const request = { version, hosting, circumstances, compression: "zstd:1", ...(arches && { arches }) };
    const manifest = await bakeRelease(await catalog.load(name), request, folder, kitchen);
    const publisher = localPublisher(this.#local, { signing: this.signing, proves: false });
    await publisher.publish(await openRelease(folder));
    return manifest;
  }

  /** Replaces a stored image by other bytes, as a broken disk or a thief would. */
  async tamper(release: { extension: string; version: string }, change: (bytes: Uint8Array) => Uint8Array) {
    const key = `${releaseName(release)}/${imageFile(release, "x86-64")}`;
    const object = await this.#local.bucket.get(key);
    await this.#local.bucket.put(key, change(new Uint8Array((await object?.arrayBuffer()) ?? [])));
  }

  /** Puts another index than publishers do, as whoever has broken into the bucket can. */
  async tamperIndex(extension: string, change: (index: Generation) => Generation): Promise<void> {
    const key = `${extension}/index.json`;
    const { generations } = parsePublishedIndex(await (await this.#local.bucket.get(key))?.text());
    const changed = { schemaVersion: 1, generations: generations.map(change) } as const;
    await this.#local.bucket.put(key, formatPublishedIndex(changed));
  }

  /** Takes away all that is published. */
  async forget(): Promise<void> {
    await this.#local.forget();
  }

  async stop(): Promise<void> {
    await this.#local.stop();
    await rm(this.#work, { recursive: true });
  }
}
