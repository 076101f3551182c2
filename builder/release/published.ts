/** What a bakery has published, by its global index: one question, whatever the number of releases. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  type Arch,
  GLOBAL_INDEX,
  InvalidInput,
  type Locator,
  parseImageFile,
  parseReleaseManifest,
  parseSha256Sums,
  publicPath,
  RELEASE_MANIFEST_FILE,
  type ReleaseManifest,
  releaseName,
  storageKey,
} from "../../schema/index.ts";
import { readManifest } from "../bake/release.ts";
import { githubRepository, isUrl } from "../publish/target.ts";
import { BakeryError, errorCode, NotFoundError, UpstreamError, UsageError } from "../system/errors.ts";
import type { Answers } from "../versions/answers.ts";
import { githubServerUrl } from "../versions/github-addresses.ts";

export interface Publications {
  /** Architectures by the name of the release. */
  readonly releases: Published;
  /**
   * What is said of a release; undefined where nothing is, as in bakeries of others. It never changes, so it is asked
   * for once.
   */
  manifest(release: string): Promise<ReleaseManifest | undefined>;
}

export interface Reading {
  readonly answers: Pick<Answers, "get" | "once">;
  readonly cwd: string;
  /** `GITHUB_SERVER_URL` counts */
  readonly env: NodeJS.ProcessEnv;
}

type Published = ReadonlyMap<string, ReadonlySet<Arch>>;

export const NOTHING_PUBLISHED: Publications = { releases: new Map(), manifest: async () => undefined };

/**
 * @param place a bakery's URL, `github:owner/repository`, or a folder; one that has no index yet has nothing
 * @throws UsageError for what is none of these; UpstreamError where its index cannot be read
 */
export async function publishedIn(place: string, { answers, cwd, env }: Reading): Promise<Publications> {
  const repository = githubRepository(place);
  if (repository !== undefined) {
    const downloads = `${githubServerUrl(env)}/${repository}/releases/download`;
    return fromUrl((at) => `${downloads}/${storageKey(at)}`, answers);
  }
  if (/^https?:/i.test(place)) return fromUrl((at) => place.replace(/\/+$/, "") + encodeURI(publicPath(at)), answers);
  if (isUrl(place)) {
    throw new UsageError(`no bakery: ${place}`, {
      hint: "https://extensions.example.org, github:owner/repository, or a folder",
    });
  }
  return fromFolder(resolve(cwd, place));
}

async function fromUrl(urlOf: (at: Locator) => string, answers: Pick<Answers, "get" | "once">): Promise<Publications> {
  const url = urlOf(GLOBAL_INDEX);
  const manifest = (release: string) =>
    answers.once(urlOf(manifestAt(release)), ({ bytes }) => parseReleaseManifest(bytes.toString("utf8")));
  try {
    return { releases: await answers.get(url, ({ bytes }) => publishedBy(bytes.toString("utf8"))), manifest };
  } catch (error) {
    if (error instanceof NotFoundError) return NOTHING_PUBLISHED;
    throw unreadable(error, { url });
  }
}

async function fromFolder(folder: string): Promise<Publications> {
  const file = join(folder, publicPath(GLOBAL_INDEX));
  const manifest = (release: string) => readManifest(join(folder, publicPath(manifestAt(release))));
  try {
    return { releases: publishedBy(await readFile(file, "utf8")), manifest };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return NOTHING_PUBLISHED;
    throw unreadable(error, { file });
  }
}

function manifestAt(release: string): Locator {
  return { release, file: RELEASE_MANIFEST_FILE };
}

function unreadable(error: unknown, where: Readonly<Record<string, string>>): unknown {
  const isExpected = error instanceof BakeryError || error instanceof InvalidInput || errorCode(error) !== undefined;
  if (!(error instanceof Error && isExpected)) return error;
  const { details = {}, hint = "./bakery doctor tells more" } = error instanceof BakeryError ? error : {};
  return new UpstreamError(`what is published cannot be read: ${error.message}`, {
    details: { ...where, ...details },
    hint,
    cause: error,
  });
}

/** An index without a line is none, and says that there is nothing. */
function publishedBy(text: string): Published {
  const published = new Map<string, Set<Arch>>();
  for (const { file } of text === "" ? [] : parseSha256Sums(text)) {
    const image = parseImageFile(file);
    if (image === undefined) continue;
    const name = releaseName(image);
    published.set(name, (published.get(name) ?? new Set()).add(image.arch));
  }
  return published;
}
