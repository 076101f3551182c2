/**
 * A machine that follows a bakery: a folder with what an operator sets up, updated by the real systemd-sysupdate.
 *
 * The transfer file is the one that the bakery serves, with the folder before its target's paths. That is what
 * `--root` is for, but with it systemd 254 follows the current symlink and overwrites the image that it leads to.
 */
import { mkdir, mkdtemp, readdir, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect } from "vitest";
import { formatTransfer, parseTransfer } from "../../schema/index.ts";
import type { Execution } from "./execute.ts";
import type { SysupdateClient } from "./systemd-client.ts";

export interface Following {
  /** systemd 257 and later want `.transfer`, and read both. */
  readonly suffix?: "conf" | "transfer";
  /** Follows the index of one minor series. */
  readonly series?: string;
  /** Follows another bakery than the one that it has the transfer file of. */
  readonly bakery?: string;
}

export class Machine implements AsyncDisposable {
  readonly root: string;
  readonly #client: SysupdateClient;
  readonly #extension: string;

  private constructor(client: SysupdateClient, extension: string, root: string) {
    this.#client = client;
    this.#extension = extension;
    this.root = root;
  }

  /** Does what `npm start` tells operators to do: folders, and the transfer file as the bakery serves it. */
  static async following(
    client: SysupdateClient,
    bakeryUrl: string,
    extension: string,
    { suffix = "conf", series, bakery = bakeryUrl }: Following = {},
  ): Promise<Machine> {
    const root = await mkdtemp(join(tmpdir(), "machine-"));
    const machine = new Machine(client, extension, root);
    const folders = [machine.#definitions, join(root, "etc/extensions"), join(root, "opt/extensions", extension)];
    for (const folder of folders) await mkdir(folder, { recursive: true });

    const response = await fetch(`${bakeryUrl}/extensions/${extension}.${suffix}`);
    expect(response.status).toBe(200);
    const { target, source, ...transfer } = parseTransfer(await response.text());
    const currentSymlink = join(root, target.currentSymlink ?? "");
    const followed = source.path.replace(bakeryUrl, bakery);
    const path = series === undefined ? followed : `${followed.replace(/\/$/, "")}/${series}/`;
    const moved = {
      ...transfer,
      source: { ...source, path },
      target: { ...target, path: join(root, target.path), currentSymlink },
    };
    await writeFile(join(machine.#definitions, `${extension}.${suffix}`), formatTransfer(moved));
    return machine;
  }

  sysupdate(...args: string[]): Promise<Execution> {
    return this.#client.sysupdate(`--definitions=${this.#definitions}`, ...args);
  }

  get #definitions(): string {
    return join(this.root, "etc", `sysupdate.${this.#extension}.d`);
  }

  /** The images on the machine, by name. */
  async installed(): Promise<string[]> {
    return (await readdir(join(this.root, "opt/extensions", this.#extension))).sort();
  }

  /** The image that the next merge would take: where the symlink in `/etc/extensions` leads. */
  async current(): Promise<string | undefined> {
    const link = join(this.root, "etc/extensions", `${this.#extension}.raw`);
    return readlink(link).then(basename, () => undefined);
  }

  imagePath(file: string): string {
    return join(this.root, "opt/extensions", this.#extension, file);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true });
  }
}
