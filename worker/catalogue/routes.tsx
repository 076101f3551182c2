/** The pages of the catalogue. Where there is no index there is no catalogue, but perhaps documentation. */
import type { Context } from "hono";
import type { Child } from "hono/jsx";
import { FEED_FILES, feedLocator, isExtensionName, isVersion, publicPath } from "../../schema/index.ts";
import type { AppEnv } from "../context.ts";
import { Library } from "../library.ts";
import { redirectToDocs } from "../routes/docs.ts";
import { askedIn } from "./configure.ts";
import { ExtensionPage } from "./extension-page.tsx";
import { find, parseFinding } from "./finding.ts";
import { type PageOptions, pageResponse } from "./layout.tsx";
import { ListPage } from "./list-page.tsx";
import { nearestNames } from "./near-matches.ts";
import { NotFoundPage } from "./not-found-page.tsx";
import { known } from "./page-part.tsx";
import { Reader, UNAVAILABLE } from "./reader.ts";
import { ReleasePage } from "./release-page.tsx";

const TITLE = "System extensions";
const ABOUT = "System extensions for image-based Linux systems, installed and updated by systemd-sysupdate";

export async function serveList(c: Context<AppEnv>): Promise<Response> {
  const reader = readerOf(c);
  const [all, recent] = await Promise.all([reader.list(), reader.recent()]);
  const { services } = c.env;
  // The documentation is there for people anyway.
  if (all === undefined || (all === UNAVAILABLE && services.config.docsUrl !== undefined)) return redirectToDocs(c);
  const { origin } = new URL(c.req.url);
  const finding = parseFinding(c.req.query());
  const news = known(recent) ?? [];
  const feeds = {
    title: "News of all extensions",
    atom: `/${FEED_FILES["atom-feed"]}`,
    json: `/${FEED_FILES["json-feed"]}`,
  };
  const isPartial = all === UNAVAILABLE || recent === UNAVAILABLE;
  const options = {
    title: TITLE,
    description: ABOUT,
    url: `${origin}/`,
    isPartial,
    feeds: news.length > 0 ? feeds : undefined,
  };
  if (all === UNAVAILABLE) return pageResponse(options, <Unavailable what="The list of extensions" />);
  const props = { origin, all, found: find(all, finding), finding, recent: news, isSigned: isSigned(c) };
  return pageResponse(options, <ListPage {...props} />);
}

export async function serveExtension(c: Context<AppEnv>): Promise<Response> {
  const extension = c.req.param("extension") ?? "";
  if (!isExtensionName(extension)) return notFound(c, extension);
  const reader = readerOf(c);
  const [releases, profile] = await Promise.all([reader.releases(extension), reader.profile(extension)]);
  if (releases === undefined && known(profile) === undefined) return notFound(c, extension);
  const newest = known(releases)?.find(({ yanked }) => yanked === undefined);
  const release = newest && { extension, version: newest.version };
  const asked = askedIn(c.req.url);
  const [contents, manifest, configured] = await Promise.all([
    release && reader.contents(release),
    release && reader.manifest(release),
    reader.configured(extension, asked, c.req.url),
  ]);
  const { origin } = new URL(c.req.url);
  const hasFeed = newest?.publishedAt !== undefined;
  const feed = (kind: "atom-feed" | "json-feed") => publicPath(feedLocator(kind, extension));
  return pageResponse(
    {
      title: `${extension} – ${TITLE}`,
      description: known(profile)?.description ?? `The system extension ${extension}`,
      url: `${origin}/catalogue/${extension}`,
      isPartial: [releases, profile, contents, manifest, configured].includes(UNAVAILABLE),
      feeds: hasFeed ? { title: `News of ${extension}`, atom: feed("atom-feed"), json: feed("json-feed") } : undefined,
    },
    <ExtensionPage
      {...{ extension, releases, profile, contents, manifest, asked, configured, isSigned: isSigned(c) }}
      isWhole={c.req.query("versions") === "all"}
    />,
  );
}

export async function serveRelease(c: Context<AppEnv>): Promise<Response> {
  const { extension = "", version = "" } = c.req.param() as { extension?: string; version?: string };
  if (!isExtensionName(extension) || !isVersion(version)) return notFound(c, extension);
  const reader = readerOf(c);
  const releases = await reader.releases(extension);
  const { origin } = new URL(c.req.url);
  const options = {
    title: `${extension} ${version} – ${TITLE}`,
    description: `Version ${version} of the system extension ${extension}`,
    url: `${origin}/catalogue/${extension}/${encodeURIComponent(version)}`,
  };
  if (releases === UNAVAILABLE)
    return pageResponse({ ...options, isPartial: true }, <Unavailable what="The release" />);
  const release = releases?.find((it) => it.version === version);
  if (release === undefined) return notFound(c, extension);
  const [contents, manifest] = await Promise.all([
    reader.contents({ extension, version }),
    reader.manifest({ extension, version }),
  ]);
  const isPartial = contents === UNAVAILABLE || manifest === UNAVAILABLE;
  return pageResponse({ ...options, isPartial }, <ReleasePage {...{ extension, release, contents, manifest }} />);
}

async function notFound(c: Context<AppEnv>, name: string): Promise<Response> {
  const all = known(await readerOf(c).list()) ?? [];
  const near = nearestNames(
    name,
    all.map(({ extension }) => extension),
  );
  const { origin, pathname } = new URL(c.req.url);
  const options: PageOptions = {
    title: `Not found – ${TITLE}`,
    description: ABOUT,
    url: `${origin}${pathname}`,
    status: 404,
  };
  const links = near.map((one) => ({ path: `/catalogue/${one}`, label: one }));
  return pageResponse(options, <NotFoundPage near={links} all={{ path: "/", label: "All extensions" }} />);
}

function Unavailable({ what }: { readonly what: string }): Child {
  return (
    <>
      <h1>{TITLE}</h1>
      <p class="warn">{what} cannot be shown just now. Try again in a minute.</p>
    </>
  );
}

function isSigned(c: Context<AppEnv>): boolean {
  return c.env.services.config.signingKeyring !== undefined;
}

function readerOf(c: Context<AppEnv>): Reader {
  const { services, record } = c.env;
  record.page = "catalogue";
  const waitUntil = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const { origin } = new URL(c.req.url);
  return new Reader({ services, record, waitUntil, library: new Library(services, origin, waitUntil) });
}
