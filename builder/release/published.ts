/** What a bakery has published, by its global index alone: one question, whatever the number of releases. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Arch, InvalidInput, parseImageFile, parseSha256Sums, releaseName } from "../../schema/index.ts";
import { isUrl } from "../publish/target.ts";
import { BakeryError, errorCode, NotFoundError, UpstreamError, UsageError } from "../system/errors.ts";
import type { Answers } from "../versions/answers.ts";

/** Architectures by the name of the release. */
export type Published = ReadonlyMap<string, ReadonlySet<Arch>>;

const GITHUB = /^github:(?<repository>[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+)$/;

/**
 * @param place a bakery's URL, `github:owner/repository`, or a folder; one that has no index yet has nothing
 * @throws UsageError for what is none of these; UpstreamError where its index cannot be read
 */
export async function publishedIn(
  place: string,
  { answers, cwd }: { readonly answers: Pick<Answers, "get">; readonly cwd: string },
): Promise<Published> {
  const repository = GITHUB.exec(place)?.groups?.repository;
  if (repository !== undefined) {
    return fromUrl(`https://github.com/${repository}/releases/download/SHA256SUMS/SHA256SUMS`, answers);
  }
  if (/^https?:/i.test(place)) return fromUrl(`${place.replace(/\/+$/, "")}/extensions/SHA256SUMS`, answers);
  if (isUrl(place)) {
    throw new UsageError(`no bakery: ${place}`, {
      hint: "https://extensions.example.org, github:owner/repository, or a folder",
    });
  }
  return fromFolder(resolve(cwd, place));
}

async function fromUrl(url: string, answers: Pick<Answers, "get">): Promise<Published> {
  try {
    return await answers.get(url, ({ bytes }) => publishedBy(bytes.toString("utf8")));
  } catch (error) {
    if (error instanceof NotFoundError) return new Map();
    throw unreadable(error, { url });
  }
}

async function fromFolder(folder: string): Promise<Published> {
  const file = join(folder, "extensions/SHA256SUMS");
  try {
    return publishedBy(await readFile(file, "utf8"));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return new Map();
    throw unreadable(error, { file });
  }
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
