/** The releases of a GitHub repository, to which clients are redirected. */
import type { Locator } from "../../schema/index.ts";
import type { GithubConfig } from "../env.ts";
import type { Store, StoredRedirect } from "./store.ts";

/** Does not ask GitHub whether the file is there, just as the reference's server does not. */
export class GithubStore implements Store {
  readonly #downloads: string;

  constructor({ serverUrl, repository }: GithubConfig) {
    this.#downloads = `${serverUrl}/${repository}/releases/download`;
  }

  async open({ release, file }: Locator): Promise<StoredRedirect | undefined> {
    // A client would resolve it, and leave the folder of downloads.
    if (release === "." || release === "..") return undefined;
    const location = `${this.#downloads}/${encodeSegment(release)}/${encodeSegment(file)}`;
    return { kind: "redirect", source: "github", location };
  }
}

/** `+` means itself in a path (RFC 3986 section 3.3), and versions have it: `v1.32.2+k3s1` stays readable. */
function encodeSegment(text: string): string {
  return encodeURIComponent(text).replaceAll("%2B", "+");
}
