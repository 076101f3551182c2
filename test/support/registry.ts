/** A real registry, Debian's docker-registry, on a loopback port; filled by skopeo. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../builder/system/run.ts";
import { type OciImage, writeLayout } from "./oci-image.ts";
import { freePort } from "./ports.ts";

export const USER = { name: "baker", password: "secret" } as const;
/** Its line of htpasswd(1): bcrypt, which is all that the registry takes. */
const HTPASSWD = "baker:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n";
const PATIENCE_MS = 20_000;

export class Registry implements AsyncDisposable {
  /** `127.0.0.1:5000` */
  readonly host: string;
  readonly #folder: string;
  readonly #process: ChildProcess;
  readonly #options: readonly string[];

  private constructor(host: string, folder: string, process: ChildProcess, options: readonly string[]) {
    this.host = host;
    this.#folder = folder;
    this.#process = process;
    this.#options = options;
  }

  /** @param options `login`: only for `USER` */
  static async open({ login = false } = {}): Promise<Registry> {
    const folder = await mkdtemp(join(tmpdir(), "registry-"));
    const host = `127.0.0.1:${await freePort()}`;
    const config = join(folder, "config.json");
    const htpasswd = join(folder, "htpasswd");
    await writeFile(htpasswd, HTPASSWD);
    // It reads YAML, which JSON is.
    const settings = {
      version: "0.1",
      log: { level: "error", accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(folder, "storage") } },
      http: { addr: host },
      ...(login && { auth: { htpasswd: { realm: "registry", path: htpasswd } } }),
    };
    await writeFile(config, JSON.stringify(settings));
    const child = spawn("docker-registry", ["serve", config], { stdio: "ignore" });
    const credentials = login ? [`--dest-creds=${USER.name}:${USER.password}`] : [];
    const registry = new Registry(host, folder, child, ["--dest-tls-verify=false", ...credentials]);
    try {
      await answers(host, child);
      return registry;
    } catch (error) {
      await registry[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * @param name `tool:1.0`
   * @param format `oci` as it is; `v2s2` makes Docker's of OCI's manifests
   */
  async push(image: OciImage, name: string, format: "oci" | "v2s2" = "oci"): Promise<void> {
    const layout = await mkdtemp(join(this.#folder, "layout-"));
    await writeLayout(layout, image, "pushed");
    await this.copy(`oci:${layout}:pushed`, name, [
      "--all",
      format === "oci" ? "--preserve-digests" : `--format=${format}`,
    ]);
  }

  /** @param source as skopeo(1) names images */
  async copy(source: string, name: string, options: readonly string[] = []): Promise<void> {
    const words = ["--insecure-policy", "copy", "--quiet", ...options, ...this.#options];
    await run("skopeo", [...words, source, `docker://${this.host}/${name}`], { package: "skopeo" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null && this.#process.pid !== undefined) {
      const gone = new Promise((resolve) => this.#process.once("exit", resolve));
      this.#process.kill();
      await gone;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function answers(host: string, child: ChildProcess): Promise<void> {
  const failure = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`docker-registry ended with ${code}`)));
  });
  failure.catch(() => {});
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; ) {
    const asked = fetch(`http://${host}/v2/`).then(
      ({ status }) => status === 200 || status === 401,
      () => false,
    );
    if (await Promise.race([asked, failure])) return;
    await Promise.race([sleep(50), failure]);
  }
  throw new Error("docker-registry does not answer");
}
