/** What tests of pulls share: a folder to pull into with a file of the host beside it, and what is there afterwards. */
import { lstat, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { kitchenFrom } from "../../../builder/bake/kitchen.ts";
import { type PulledImage, type PullOptions, pullImage } from "../../../builder/rootfs/oci/pull.ts";
import { Http } from "../../../builder/system/http.ts";
import { Workplace } from "../../support/bakery.ts";

const HOST_FILE = "the host's";

export class Pulling implements AsyncDisposable {
  readonly workplace: Workplace;
  /** Where a tree goes. */
  readonly folder: string;
  /** A file that no image may touch. */
  readonly hostFile: string;

  private constructor(workplace: Workplace) {
    this.workplace = workplace;
    this.folder = workplace.file("tree");
    this.hostFile = workplace.file("host");
  }

  static async open(): Promise<Pulling> {
    const pulling = new Pulling(await Workplace.open());
    await writeFile(pulling.hostFile, HOST_FILE);
    return pulling;
  }

  /** @param env `BAKERY_MIRROR`, `BAKERY_CACHE` */
  pull(
    reference: string,
    { env = {}, ...options }: Partial<PullOptions> & { env?: NodeJS.ProcessEnv; offline?: boolean } = {},
    folder = this.folder,
  ): Promise<PulledImage> {
    const kitchen = this.kitchen(env, options.offline);
    return pullImage(reference, folder, { arch: "x86-64", kitchen, ...options });
  }

  /** That waits no longer than a test should. */
  kitchen(env: NodeJS.ProcessEnv = {}, offline = false) {
    const kitchen = kitchenFrom({ BAKERY_CACHE: this.workplace.cache, ...env }, { offline });
    const http = new Http({ mirror: env.BAKERY_MIRROR, retryDelay: 1 });
    return { ...kitchen, upstreams: { ...kitchen.upstreams, http } };
  }

  /** What is beside the tree: the host's file, if nothing was written out of it or left over. */
  async beside(): Promise<string[]> {
    const names = (await readdir(this.workplace.path)).filter((name) => name !== "tree");
    return (await readFile(this.hostFile, "utf8")) === HOST_FILE
      ? names.filter((name) => name !== "host")
      : ["changed"];
  }

  /** By path: files with their contents, symlinks with `-> target`, folders with `/`. */
  async tree(): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    // Not readdir's own recursion, which goes through symlinks.
    const walk = async (folder: string) => {
      for (const name of await readdir(join(this.folder, folder))) {
        const path = join(folder, name);
        const onDisk = join(this.folder, path);
        const stats = await lstat(onDisk);
        if (stats.isSymbolicLink()) found[path] = `-> ${await readlink(onDisk)}`;
        else found[path] = stats.isDirectory() ? "/" : await readFile(onDisk, "utf8");
        if (stats.isDirectory()) await walk(path);
      }
    };
    await walk("");
    return found;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.workplace[Symbol.asyncDispose]();
  }
}
