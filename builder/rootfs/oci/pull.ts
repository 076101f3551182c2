/**
 * Pulls an image from its registry into a folder, without Docker: its layers are downloaded, hashed and unpacked as
 * they arrive, several at once, and laid over each other. The folder is there when every digest was right.
 *
 * Not restored: extended attributes, with them file capabilities, and devices, which who runs something in the tree
 * brings along.
 */
import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Arch } from "../../../schema/index.ts";
import { formatBytes } from "../../system/format.ts";
import { stageFolder } from "../../system/staged-folder.ts";
import { TaskGroup } from "../../system/task-group.ts";
import { explained } from "./explain.ts";
import { LayerUnpacker } from "./layer-unpacker.ts";
import type { ImageConfig } from "./manifest.ts";
import { finishFolders, mergeLayer, refuseLinks, type Tree } from "./merge.ts";
import { type Pulled, pullLayer, unpackError } from "./pull-layer.ts";
import { type ImageDownload, type ImageOptions, type Layer, type OpenImage, openImage } from "./resolve.ts";
import { Allowance } from "./shared.ts";

export interface PulledImage {
  /** With the digest of what was named: `docker.io/library/alpine@sha256:…`. */
  readonly reference: string;
  /** Of the manifest for the architecture. */
  readonly digest: string;
  readonly config: RunConfig;
  /** Index, manifest, config and layers, each once. */
  readonly downloads: readonly ImageDownload[];
}

/** How the image wants to be run. */
export interface RunConfig {
  readonly architecture: Arch;
  /** `NAME=value` */
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** `/` where the image does not say. */
  readonly workingDir: string;
  /** A name or a number, with a group behind a colon; empty: root. */
  readonly user: string;
}

export interface PullOptions extends ImageOptions {
  /** How many things all layers may hold together; each takes an inode. */
  readonly maxEntries?: number;
}

/** Layers that are downloaded and unpacked at once: a thread each. */
const AT_ONCE = Math.min(4, availableParallelism());
const MAX_ENTRIES = 2_000_000;

/**
 * @param folder where the tree goes; not there yet, or empty
 * @throws UsageError for a reference or folder that cannot be; UpstreamError or UserError, naming the image, where it
 *   cannot be had or unpacked; ToolError where the disk is full
 */
export async function pullImage(reference: string, folder: string, options: PullOptions): Promise<PulledImage> {
  const image = await openImage(reference, options);
  const pull = () => stageFolder(folder, (staging) => unpackImage(image, staging, options));
  const layers = await options.kitchen.progress.step(`Pulling ${reference}`, pull, describe);
  await image.remembered;
  const downloads = new Map([...image.downloads, ...layers].map((one) => [one.url, one]));
  const { digest, config } = image;
  return {
    reference: image.reference,
    digest,
    config: runConfig(config, options.arch),
    downloads: [...downloads.values()],
  };
}

/** Unpacks several layers at once, and lays each over those below as soon as all of these are there. */
async function unpackImage(
  image: OpenImage,
  staging: string,
  { kitchen, maxEntries = MAX_ENTRIES }: PullOptions,
): Promise<{ path: string; result: ImageDownload[] }> {
  const group = new TaskGroup(kitchen.signal);
  const shared = { image, kitchen: { ...kitchen, signal: group.signal }, allowance: Allowance.of(maxEntries) };
  const pulled = image.layers.map(() => Promise.withResolvers<Pulled>());
  const work = async (queue: Iterable<[number, Layer]>) => {
    await using unpacker = new LayerUnpacker();
    const puller = { ...shared, unpacker };
    try {
      for (const [at, layer] of queue) {
        const path = join(staging, String(at));
        await mkdir(path, { mode: 0o700 });
        pulled[at]?.resolve(await explained(image.repository, () => pullLayer(layer, path, puller)));
      }
    } catch (error) {
      for (const { reject } of pulled) reject(error);
      throw error;
    }
  };
  // One queue for all: who is done takes the next one.
  const queue = image.layers.entries();
  const workers = Array.from({ length: Math.min(AT_ONCE, image.layers.length) }, () => work(queue));
  const [merged] = await group.all([
    merge(
      image,
      pulled.map(({ promise }) => promise),
    ),
    ...workers,
  ]);
  return merged;
}

async function merge(
  image: OpenImage,
  layers: readonly Promise<Pulled>[],
): Promise<{ path: string; result: ImageDownload[] }> {
  // Those of later layers are not waited for yet when they fail.
  for (const layer of layers) layer.catch(() => {});
  let tree: Tree | undefined;
  const downloads: ImageDownload[] = [];
  for (const [at, pulled] of layers.entries()) {
    const { layer, download } = await pulled;
    downloads.push(download);
    try {
      if (tree === undefined) {
        refuseLinks(layer);
        tree = layer;
      } else mergeLayer(tree, layer);
    } catch (error) {
      throw unpackError(error, image, image.layers[at]?.digest ?? "");
    }
  }
  if (tree === undefined) throw new RangeError("an image without layers");
  finishFolders(tree);
  return { path: tree.path, result: downloads };
}

function runConfig({ config }: ImageConfig, architecture: Arch): RunConfig {
  const { Env, Entrypoint, Cmd, WorkingDir, User } = config ?? {};
  const lists = { env: Env ?? [], entrypoint: Entrypoint ?? [], cmd: Cmd ?? [] };
  return { architecture, ...lists, workingDir: WorkingDir || "/", user: User ?? "" };
}

function describe(layers: readonly ImageDownload[]): string {
  const bytes = layers.reduce((sum, { size }) => sum + size, 0);
  return `${layers.length} layer${layers.length === 1 ? "" : "s"}, ${formatBytes(bytes)}, all verified`;
}
