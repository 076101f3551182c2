/** Runs the command line in this process, as a user would on a machine whose internet is a mirror. */
import { access, constants, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { main } from "../../builder/cli.ts";

export const FIXTURES = fileURLToPath(new URL("../fixtures/extensions", import.meta.url));

/** Where Linux has a file system without a disk. */
const MEMORY = "/dev/shm";

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder to work in, which goes when the test ends. */
export class Workplace implements AsyncDisposable {
  readonly path: string;
  /** Where downloads are kept: beside, so that the folder has what commands write and nothing else. */
  readonly cache: string;

  private constructor(path: string) {
    this.path = path;
    this.cache = `${path}.cache`;
  }

  static async open(): Promise<Workplace> {
    return new Workplace(await mkdtemp(join(tmpdir(), "workplace-")));
  }

  /**
   * One that no disk has to be waited for: for tests that write much and have it synced. Plain files alone, for many
   * systems allow no devices and no setuid there.
   */
  static async inMemory(): Promise<Workplace> {
    const isThere = await access(MEMORY, constants.W_OK).then(
      () => true,
      () => false,
    );
    return new Workplace(await mkdtemp(join(isThere ? MEMORY : tmpdir(), "workplace-")));
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** @param program the command line of another checkout */
  async run(args: readonly string[], env: NodeJS.ProcessEnv = {}, program = main): Promise<Ran> {
    const written = { stdout: "", stderr: "" };
    const screen = (name: "stdout" | "stderr") => ({
      write: (text: string) => {
        written[name] += text;
      },
    });
    const screens = { stdout: screen("stdout"), stderr: screen("stderr") };
    const exitCode = await program(args, { ...screens, env: { BAKERY_CACHE: this.cache, ...env }, cwd: this.path });
    return { exitCode, ...written };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true });
    await rm(this.cache, { recursive: true, force: true });
  }
}
