/** The releases of a GitHub repository, to which clients are redirected. */
import type { Locator } from "../../schema/index.ts";
import { type GithubConfig, githubDownloadUrl } from "../env.ts";
import type { Store, StoredRedirect } from "./store.ts";

/** Does not ask GitHub whether the file is there, just as the reference's server does not. */
export class GithubStore implements Store {
  readonly #config: GithubConfig;

  constructor(config: GithubConfig) {
    this.#config = config;
  }

  async open(at: Locator): Promise<StoredRedirect | undefined> {
    // A client would resolve it, and leave the folder of downloads.
    if (at.release === "." || at.release === "..") return undefined;
    return { kind: "redirect", source: "github", location: githubDownloadUrl(this.#config, at) };
  }
}
