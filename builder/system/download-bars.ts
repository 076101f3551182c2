/** Shows a download on the screen: each try has a bar of its own, and there is one at a time. */
import type { OnDownload } from "./http.ts";
import type { Progress, Transfer } from "./progress.ts";

export class DownloadBars {
  readonly #progress: Progress;
  #shown: Transfer | undefined;

  constructor(progress: Progress) {
    this.#progress = progress;
  }

  /** @param file what the download is called */
  for(file: string): OnDownload {
    return (total, here) => {
      this.end();
      const transfer = this.#progress.transfer(file, total, here);
      this.#shown = transfer;
      return (bytes) => transfer.advance(bytes);
    };
  }

  end(): void {
    this.#shown?.end();
  }
}
