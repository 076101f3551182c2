/** The real gpg, with a home of its own: keys of other makers than ours, and the verdict that machines reach. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../builder/system/run.ts";
import { execute } from "./execute.ts";

export class Gpg implements AsyncDisposable {
  readonly home: string;

  private constructor(home: string) {
    this.home = home;
  }

  static async open(): Promise<Gpg> {
    // Short: the agent's socket lies in it.
    return new Gpg(await mkdtemp(join(tmpdir(), "gpg-")));
  }

  /** @param algorithm as gpg names it, `ed25519`, `rsa3072` */
  async generate(name: string, algorithm: string, passphrase = ""): Promise<void> {
    const key = ["--quick-gen-key", `${name} <${name}@example.org>`, algorithm, "sign", "never"];
    await this.#run("--passphrase", passphrase, ...key);
  }

  async privateKey(name: string, passphrase = ""): Promise<string> {
    return this.#run("--passphrase", passphrase, "--armor", "--export-secret-keys", userOf(name));
  }

  async publicKeys(...names: string[]): Promise<Buffer> {
    const path = join(this.home, `exported-${names.join("-")}`);
    await this.#run("--yes", "--output", path, "--export", ...names.map(userOf));
    return readFile(path);
  }

  /** @param how options before: `--clearsign`, `--armor --detach-sign` */
  async sign(name: string, text: string, ...how: string[]): Promise<Buffer> {
    const [document, signature] = [join(this.home, "document"), join(this.home, "signature")];
    await writeFile(document, text);
    await this.#run("--yes", "--local-user", userOf(name), "--output", signature, ...how, document);
    return readFile(signature);
  }

  /** Whether gpgv, given this keyring, says that the signature is good. */
  async accepts(keyring: Uint8Array, text: string, signature: Uint8Array): Promise<boolean> {
    const file = (name: string) => join(this.home, name);
    await writeFile(file("ring.gpg"), keyring);
    await writeFile(file("text"), text);
    await writeFile(file("text.gpg"), signature);
    const { exitCode } = await execute("gpgv", ["--keyring", file("ring.gpg"), file("text.gpg"), file("text")]);
    return exitCode === 0;
  }

  #run(...args: string[]): Promise<string> {
    return run("gpg", ["--homedir", this.home, "--batch", "--pinentry-mode", "loopback", ...args]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("gpgconf", ["--homedir", this.home, "--kill", "all"]);
    await rm(this.home, { recursive: true, force: true });
  }
}

/** By the whole address; a name alone would be found within others too. */
function userOf(name: string): string {
  return `<${name}@example.org>`;
}
