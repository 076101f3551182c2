/** A Debian archive of a few tiny packages, made and signed here, on a port of its own: what Debian's is, in small. */
import { cp, mkdir, mkdtemp, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { measureFile, sha256Of } from "../../../builder/system/digest.ts";
import { run } from "../../../builder/system/run.ts";
import { execute } from "../../support/execute.ts";
import { Gpg } from "../../support/gpg.ts";

export interface TinyPackage {
  readonly name: string;
  readonly version?: string;
  readonly architecture?: string;
  /** Further fields of control: `Depends: other` */
  readonly fields?: readonly string[];
  /** Path to text; with a mode, it is a program. */
  readonly files?: Readonly<Record<string, string | { readonly text: string; readonly mode: number }>>;
  /** Programs of this machine to bring along, with their libraries. */
  readonly programs?: readonly string[];
  readonly scripts?: Readonly<Partial<Record<"preinst" | "postinst", string>>>;
}

export const SUITE = "tiny";
/** A suite that has none of the packages. */
export const EMPTY_SUITE = "empty";

export class TinyArchive implements AsyncDisposable {
  readonly keyring: string;
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  /** What is answered in place of a file, by a part of its path; a promise keeps the client waiting. */
  readonly instead = new Map<string, Buffer | Promise<Buffer>>();
  readonly #work: string;
  readonly #gpg: Gpg;
  readonly #server: Server;
  readonly #stanzas: string[] = [];

  private constructor(work: string, gpg: Gpg) {
    this.#work = work;
    this.#gpg = gpg;
    this.keyring = join(work, "keyring.gpg");
    this.#server = createServer((request, response) => {
      const path = decodeURIComponent(request.url ?? "");
      this.asked.push(path);
      const replaced = [...this.instead].find(([part]) => path.includes(part))?.[1];
      Promise.resolve(replaced ?? readFile(join(work, "site", path))).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    });
  }

  static async open(packages: readonly TinyPackage[]): Promise<TinyArchive> {
    // Others than who made it read it too.
    const work = await mkdtemp(join(tmpdir(), "tiny-archive-"));
    await run("chmod", ["755", work]);
    const gpg = await Gpg.open();
    await gpg.generate("archive", "ed25519");
    const archive = new TinyArchive(work, gpg);
    await writeFile(archive.keyring, await gpg.publicKeys("archive"));
    for (const one of packages) await archive.#add(one);
    await archive.#publish(SUITE, archive.#stanzas.join("\n"));
    await archive.#publish(EMPTY_SUITE, "");
    const { promise, resolve } = Promise.withResolvers<void>();
    archive.#server.listen(0, "127.0.0.1", resolve);
    await promise;
    return archive;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/tiny`;
  }

  /** What the archive has at a path below `tiny/`. */
  async read(path: string): Promise<Buffer> {
    return readFile(join(this.#work, "site/tiny", path));
  }

  async #add(tiny: TinyPackage): Promise<void> {
    const {
      name,
      version = "1.0-1",
      architecture = "all",
      fields = [],
      files = {},
      programs = [],
      scripts = {},
    } = tiny;
    const tree = join(this.#work, `${name}_${version}`);
    const control = `Package: ${name}\nVersion: ${version}\nArchitecture: ${architecture}
Maintainer: Nobody <nobody@example.org>\nDescription: ${name}, tiny\n${fields.map((field) => `${field}\n`).join("")}`;
    await mkdir(join(tree, "DEBIAN"), { recursive: true });
    await write(join(tree, "DEBIAN/control"), control);
    for (const [script, text] of Object.entries(scripts)) await write(join(tree, "DEBIAN", script), text, 0o755);
    for (const [path, file] of Object.entries(files)) {
      await (typeof file === "string" ? write(join(tree, path), file) : write(join(tree, path), file.text, file.mode));
    }
    await bring(programs, tree);
    // Whatever the umask is.
    await run("chmod", ["-R", "u+w,go=rX", tree]);
    const pool = `pool/${name}_${version}_${architecture}.deb`;
    const deb = join(this.#work, "site/tiny", pool);
    await mkdir(dirname(deb), { recursive: true });
    await run("dpkg-deb", ["--root-owner-group", "-Znone", "--build", tree, deb]);
    await rm(tree, { recursive: true });
    const { size, sha256 } = await measureFile(deb);
    this.#stanzas.push(`${control}Filename: ${pool}\nSize: ${size}\nSHA256: ${sha256}\n`);
  }

  async #publish(name: string, packages: string): Promise<void> {
    const suite = join(this.#work, "site/tiny/dists", name);
    const lists = ["amd64", "arm64"].map((arch) => `main/binary-${arch}/Packages`);
    for (const list of lists) await write(join(suite, list), packages);
    const sums = lists.map((list) => ` ${sha256Of(packages)} ${packages.length} ${list}\n`).join("");
    const release = `Origin: tiny\nSuite: ${name}\nCodename: ${name}\nDate: ${new Date().toUTCString()}
Architectures: amd64 arm64\nComponents: main\nSHA256:\n${sums}`;
    await writeFile(join(suite, "InRelease"), await this.#gpg.sign("archive", release, "--clearsign"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await this.#gpg[Symbol.asyncDispose]();
    await rm(this.#work, { recursive: true });
  }
}

async function write(path: string, text: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { mode });
}

/** Copies programs, and the libraries that ldd(1) says they load, to where they are on this machine. */
export async function bring(programs: readonly string[], tree: string): Promise<void> {
  if (programs.length === 0) return;
  const paths = (await run("sh", ["-c", 'for name; do command -v "$name"; done', "sh", ...programs]))
    .trim()
    .split("\n");
  if (paths.length < programs.length) throw new Error(`this machine lacks one of ${programs.join(", ")}`);
  // Of what loads none it says so, and fails in the end.
  const libraries = (await execute("ldd", paths)).stdout.match(/\/\S+/g) ?? [];
  for (const file of new Set([...paths, ...libraries.map((one) => one.replace(/:$/, ""))])) {
    const place = join(tree, file.replace(/^\/(?=(?:bin|sbin|lib|lib64)\/)/, "/usr/"));
    if ((await stat(place).catch(() => undefined)) !== undefined) continue;
    await mkdir(dirname(place), { recursive: true });
    await cp(await realpath(file), place);
  }
}
