/** A bakery on this machine into which tests publish what they bake. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bakeRelease } from "../../builder/bake/bake-release.ts";
import type { Catalog } from "../../builder/catalog.ts";
import { DirectoryPublisher } from "../../builder/publish/directory.ts";
import { openRelease } from "../../builder/publish/publisher.ts";
import { progressOn } from "../../builder/system/progress.ts";
import { upstreamsFrom } from "../../builder/versions/upstreams.ts";
import { type Arch, imageFile, type ReleaseManifest, releaseName } from "../../schema/index.ts";
import { type LocalBakery, startLocalBakery } from "../../scripts/local-bakery.ts";
import { seedTree } from "../../scripts/seed-tree.ts";

export const upstreams = upstreamsFrom(process.env);
const kitchen = { upstreams, progress: progressOn({ write: () => {} }) };

/** Bakes, publishes into a folder, and puts that into the R2 and KV of a worker in workerd. */
export class LocalReleases {
  readonly #local: LocalBakery;
  readonly #work: string;

  private constructor(local: LocalBakery, work: string) {
    this.#local = local;
    this.#work = work;
  }

  /** @param vars added to those of a bakery that has nothing but its bucket, and looks at it every time */
  static async open(vars: Readonly<Record<string, string>> = {}): Promise<LocalReleases> {
    const own = { INDEX_TTL_SECONDS: "0", GITHUB_REPOSITORY: "", DOCS_URL: "", ...vars };
    return new LocalReleases(
      await startLocalBakery({ port: 0, vars: own }),
      await mkdtemp(join(tmpdir(), "releases-")),
    );
  }

  get url(): string {
    return this.#local.url;
  }

  async release(catalog: Catalog, name: string, version: string, arches?: readonly Arch[]): Promise<ReleaseManifest> {
    const folder = join(this.#work, "releases", releaseName({ extension: name, version }));
    const circumstances = { builtAt: new Date() };
    const request = { version, bakeryUrl: this.url, circumstances, ...(arches && { arches }) };
    const manifest = await bakeRelease(await catalog.load(name), request, folder, kitchen);
    const site = join(this.#work, "site");
    await new DirectoryPublisher(site).publish(await openRelease(folder));
    await seedTree(site, this.#local.bucket, this.#local.kv);
    return manifest;
  }

  /** Replaces a stored image by other bytes, as a broken disk or a thief would. */
  async tamper(release: { extension: string; version: string }, change: (bytes: Uint8Array) => Uint8Array) {
    const key = `${releaseName(release)}/${imageFile(release, "x86-64")}`;
    const object = await this.#local.bucket.get(key);
    await this.#local.bucket.put(key, change(new Uint8Array((await object?.arrayBuffer()) ?? [])));
  }

  async stop(): Promise<void> {
    await this.#local.stop();
    await rm(this.#work, { recursive: true });
  }
}
