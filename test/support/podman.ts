/** podman, with images and containers of its own in a temporary folder, told whatever it needs to work on this machine. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { smallestProgram } from "../../builder/rootfs/smallest-program.ts";
import { OWN_ARCH } from "../../builder/system/own-arch.ts";
import { execute } from "./execute.ts";

interface Way {
  readonly always: readonly string[];
  readonly run: readonly string[];
}

/** As it comes; and where there is no systemd to make control groups, and limits may not be raised. */
const WAYS: readonly Way[] = [
  { always: [], run: [] },
  {
    always: ["--runtime", "runc", "--cgroup-manager", "cgroupfs"],
    run: ["--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096"],
  },
];

export class Podman implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * @param registry that it asks by plain http
   * @throws what podman says where no container of it runs here
   */
  static async open(registry = "127.0.0.1"): Promise<Podman> {
    const podman = new Podman(await mkdtemp(join(tmpdir(), "podman-")));
    try {
      await podman.#findWay(registry);
      return podman;
    } catch (error) {
      await podman[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Has it before any other. */
  get path(): string {
    return `${join(this.#folder, "bin")}${delimiter}${process.env.PATH}`;
  }

  podman(...args: string[]) {
    return execute(join(this.#folder, "bin/podman"), args);
  }

  async #findWay(registry: string): Promise<void> {
    const tree = join(this.#folder, "tree");
    await mkdir(tree);
    await mkdir(join(this.#folder, "bin"));
    await writeFile(join(tree, "program"), smallestProgram(OWN_ARCH ?? "x86-64"), { mode: 0o755 });
    const insecure = `[[registry]]\nlocation = ${JSON.stringify(registry)}\ninsecure = true\n`;
    await writeFile(join(this.#folder, "registries.conf"), insecure);
    const said: string[] = [];
    for (const way of WAYS) {
      await writeFile(join(this.#folder, "bin/podman"), this.#wrapper(way), { mode: 0o755 });
      const { exitCode, stderr } = await this.podman("run", "--rm", "--network", "none", "--rootfs", tree, "/program");
      if (exitCode === 0) return;
      said.push(stderr.trim());
    }
    throw new Error(`podman runs no container here: ${said.at(-1)}`);
  }

  /** It has every file of its storage in there, and mounts nothing that stays. */
  #wrapper({ always, run }: Way): string {
    const storage = ["--root", "--runroot"].flatMap((option) => [option, join(this.#folder, option.slice(2))]);
    const options = [...storage, "--storage-driver", "vfs", ...always].join(" ");
    return `#!/bin/sh
export CONTAINERS_REGISTRIES_CONF=${join(this.#folder, "registries.conf")}
PATH='${process.env.PATH}:/usr/sbin'
if [ "$1" = run ]; then shift; set -- run ${run.join(" ")} "$@"; fi
exec podman ${options} "$@"
`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.podman("rm", "--all", "--force", "--time", "0").catch(() => {});
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Why no container of podman's runs here. */
export async function lackForPodman(): Promise<string | undefined> {
  return Podman.open().then(
    async (podman) => podman[Symbol.asyncDispose]().then(() => undefined),
    (error: Error) => error.message,
  );
}
