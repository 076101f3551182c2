/** Whether what a bakery tells people of releases and extensions is of these; it need not tell anything. */
import {
  EXTENSION_PROFILE_FILE,
  parseExtensionProfile,
  parseReleaseContents,
  publicPath,
  RELEASE_CONTENTS_FILE,
  type ReleaseManifest,
  releaseName,
  unlike,
} from "../../schema/index.ts";
import type { Problem } from "./examine.ts";
import type { Source } from "./source.ts";

/** What was told first stays: so it has to go before it can be told anew. */
const MEND = "take it away, and publish the release again";

export async function examineContents(manifest: ReleaseManifest, source: Source, problems: Problem[]): Promise<void> {
  const path = publicPath({ release: releaseName(manifest), file: RELEASE_CONTENTS_FILE });
  await examineDocument(path, source, problems, (text) => {
    const strange = unlike(parseReleaseContents(text), manifest);
    return strange && `${strange}: ${MEND}`;
  });
}

export async function examineProfile(extension: string, source: Source, problems: Problem[]): Promise<void> {
  const path = publicPath({ release: extension, file: EXTENSION_PROFILE_FILE });
  await examineDocument(path, source, problems, (text) => {
    const profile = parseExtensionProfile(text);
    return profile.extension === extension ? undefined : `the profile is of ${profile.extension}: take it away`;
  });
}

/** @param problemOf what is wrong in it; throws where it cannot be read at all */
async function examineDocument(
  path: string,
  source: Source,
  problems: Problem[],
  problemOf: (text: string) => string | undefined,
): Promise<void> {
  const text = (await source.read(path))?.toString();
  if (text === undefined) return;
  try {
    const problem = problemOf(text);
    if (problem !== undefined) problems.push({ path, problem });
  } catch (error) {
    problems.push({ path, problem: error instanceof Error ? error.message : String(error) });
  }
}
