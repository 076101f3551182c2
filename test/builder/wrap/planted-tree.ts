/** Trees of a few programs and libraries, made of this machine's own with patchelf: real files, which real loaders load. */
import { appendFile, chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "../../../builder/system/run.ts";

export const LOADER = "lib64/ld-linux-x86-64.so.2";
export const MULTIARCH = "usr/lib/x86_64-linux-gnu";
const FROM = "/lib/x86_64-linux-gnu";

export interface Linking {
  readonly needed?: readonly string[];
  /** As it stands there, with `$ORIGIN` and the like. */
  readonly rpath?: string;
  readonly runpath?: string;
  readonly noDefaultFolders?: boolean;
  readonly mode?: number;
}

export class PlantedTree implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** With a C library and its loader in it. */
  static async plant(): Promise<PlantedTree> {
    const tree = new PlantedTree(await mkdtemp(join(tmpdir(), "planted-")));
    await tree.copy("/lib64/ld-linux-x86-64.so.2", LOADER, 0o755);
    await tree.copy(`${FROM}/libc.so.6`, "lib/x86_64-linux-gnu/libc.so.6", 0o755);
    await tree.text("etc/ld.so.conf", "");
    return tree;
  }

  /** A place beside the tree. */
  beside(name: string): string {
    return `${this.path}.${name}`;
  }

  async program(path: string, linking: Linking = {}): Promise<void> {
    await this.#link(await this.copy("/usr/bin/true", path, linking.mode ?? 0o755), linking);
  }

  /** A library whose name is its file's; `text` makes it differ from others of that name. */
  async library(
    path: string,
    linking: Linking & { readonly text?: string; readonly soname?: string } = {},
  ): Promise<void> {
    const file = await this.copy(`${FROM}/libdl.so.2`, path, linking.mode ?? 0o644);
    await run("patchelf", ["--set-soname", linking.soname ?? path.slice(path.lastIndexOf("/") + 1), file]);
    await this.#link(file, linking);
    await appendFile(file, linking.text ?? path);
  }

  /** Says that it is for another machine: `e_machine`, elf(5) */
  async forMachine(path: string, machine: number): Promise<void> {
    const bytes = await readFile(this.file(path));
    bytes.writeUInt16LE(machine, 18);
    await writeFile(this.file(path), bytes);
  }

  async text(path: string, text: string, mode = 0o644): Promise<void> {
    await mkdir(dirname(this.file(path)), { recursive: true });
    await writeFile(this.file(path), text);
    await chmod(this.file(path), mode);
  }

  async symlink(path: string, target: string): Promise<void> {
    await mkdir(dirname(this.file(path)), { recursive: true });
    await symlink(target, this.file(path));
  }

  /** @returns where it is on disk now */
  async copy(from: string, to: string, mode: number): Promise<string> {
    const file = this.file(to);
    await mkdir(dirname(file), { recursive: true });
    await copyFile(from, file);
    await chmod(file, mode);
    return file;
  }

  file(path: string): string {
    return join(this.path, path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const path of [this.path, this.beside("out"), this.beside("again")])
      await rm(path, { recursive: true, force: true });
  }

  async #link(file: string, { needed = [], rpath, runpath, noDefaultFolders }: Linking): Promise<void> {
    if (noDefaultFolders) await run("patchelf", ["--no-default-lib", file]);
    const names = needed.flatMap((name) => ["--add-needed", name]);
    const folders = rpath === undefined ? ["--set-rpath", runpath ?? ""] : ["--force-rpath", "--set-rpath", rpath];
    if (names.length > 0) await run("patchelf", [...names, file]);
    if ((rpath ?? runpath) !== undefined) await run("patchelf", [...folders, file]);
  }
}
