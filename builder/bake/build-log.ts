/** `build.log`: what a run told while it baked a release, in its folder. The first line says of what, and when. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { BUILD_LOG_FILE, MAX_BUILD_LOG_BYTES } from "../../schema/index.ts";
import { errorCode } from "../system/errors.ts";
import { type Progress, progressOn, tellingBoth } from "../system/progress.ts";
import { writeText } from "../system/work-dir.ts";

const CUT = "\n(cut here)\n";

export class BuildLog {
  #text = "";

  /** A story that is also told to the log. */
  beside(progress: Progress): Progress {
    return tellingBoth(progress, progressOn({ write: (text) => this.add(text) }));
  }

  add(text: string): void {
    this.#text += text;
  }

  /** Where nothing was told, nothing was baked, and what the folder has stays. */
  async write(folder: string, head: string): Promise<void> {
    if (this.#text !== "") await writeText(join(folder, BUILD_LOG_FILE), `${head}\n${this.#text}`);
  }
}

/** The log in a release's folder, if there is one; of a long one the beginning. */
export async function readBuildLog(folder: string): Promise<string | undefined> {
  try {
    return cut(await readFile(join(folder, BUILD_LOG_FILE)));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function cut(bytes: Buffer): string {
  if (bytes.length <= MAX_BUILD_LOG_BYTES) return bytes.toString("utf8");
  const kept = bytes.toString("utf8", 0, MAX_BUILD_LOG_BYTES - CUT.length);
  // Half of a character at the end would be longer than it was.
  return kept.replace(/\uFFFD{1,3}$/, "") + CUT;
}
