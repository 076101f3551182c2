/** The commit that a recipe was baked at, for the release manifest. */
import { run } from "./run.ts";

/** Undefined outside of a git checkout, without git, and where the folder has changes that no commit holds. */
export async function sourceCommit(folder: string): Promise<string | undefined> {
  try {
    const changes = await run("git", ["-C", folder, "status", "--porcelain", "."]);
    if (changes !== "") return undefined;
    return (await run("git", ["-C", folder, "rev-parse", "HEAD"])).trim();
  } catch {
    return undefined;
  }
}
