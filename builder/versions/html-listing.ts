/** Versions out of the links of pages, as web servers make them of folders: RFC 1866's anchors are all that they share. */
import type { VersionSource } from "../recipe/index.ts";
import { UpstreamError, UserError } from "../system/errors.ts";
import type { Answer, Answers } from "./answers.ts";

type HtmlListing = Extract<VersionSource, { kind: "html-listing" }>;

/** An overview leads to no more pages than this. */
const MAX_PAGES = 50;
const ANCHOR = /<a\s(?:[^>]*?\s)?href\s*=\s*(?:"(?<double>[^"]*)"|'(?<single>[^']*)'|(?<bare>[^\s"'>]+))/gi;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", quot: '"', "#39": "'", "#x2b": "+", "#43": "+" };

/** @throws UpstreamError for pages that have none of the links meant */
export async function versionsInPages(listing: HtmlListing, answers: Answers): Promise<string[]> {
  const { url, link, pages, below = "" } = listing;
  const urls = pages === undefined ? [url] : await subpages(url, pages, below, answers);
  const find = ({ url: at, bytes }: Answer) =>
    linksIn(at, bytes.toString("utf8")).flatMap((target) => matchOf(link, target));
  const read = (answer: Answer) => {
    const found = find(answer);
    // What has none is no list, save that a branch may have no release yet.
    if (found.length === 0 && pages === undefined) throw noLink(answer.url, link);
    return found;
  };
  const found: string[] = [];
  for (const one of urls) found.push(...(await answers.get(one, read)));
  if (found.length === 0) throw noLink(url, link);
  return found;
}

async function subpages(url: string, pages: RegExp, below: string, answers: Answers): Promise<string[]> {
  const read = (answer: Answer) => {
    const targets = linksIn(url, answer.bytes.toString("utf8")).filter((target) => target.search(pages) >= 0);
    if (targets.length === 0) throw noLink(url, pages);
    return targets;
  };
  const targets = await answers.get(url, read);
  const found = new Set(targets.map((target) => new URL(below, new URL(target, url)).href));
  if (found.size > MAX_PAGES) {
    throw new UpstreamError(`the page leads to more than ${MAX_PAGES} others`, { details: { url } });
  }
  return [...found];
}

/** What the links of a page lead to: relative to its folder, where it is below, else the whole URL. */
function linksIn(url: string, html: string): string[] {
  const folder = new URL(".", url).href;
  return [...html.matchAll(ANCHOR)].flatMap(({ groups = {} }) => {
    const written = decodeEntities(groups.double ?? groups.single ?? groups.bare ?? "");
    const target = URL.parse(written, url);
    if (target === null) return [];
    target.hash = "";
    const { href } = target;
    return [decoded(href.startsWith(folder) ? href.slice(folder.length) : href)];
  });
}

/** By a copy of the recipe's own expression, which would go on where it ended if it says `g`. */
function matchOf(link: RegExp, target: string): string[] {
  const match = new RegExp(link).exec(target);
  if (match === null) return [];
  const version = match.groups?.version;
  if (version !== undefined) return [version];
  throw new UserError(`the recipe's pattern for links has no group "version": ${link}`);
}

function decodeEntities(text: string): string {
  return text.replace(/&(?<name>#?[0-9a-z]+);/gi, (whole, name: string) => ENTITIES[name.toLowerCase()] ?? whole);
}

function decoded(target: string): string {
  try {
    return decodeURIComponent(target);
  } catch {
    return target;
  }
}

function noLink(url: string, pattern: RegExp): UpstreamError {
  return new UpstreamError("no link of the page is one of those meant", {
    details: { url, pattern: String(pattern) },
    hint: "open the page: upstream may have changed it, and the recipe has to follow",
  });
}
