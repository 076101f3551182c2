/** What all pages have in common. */
import type { Child } from "hono/jsx";
import { respond } from "../responses.ts";
import { ENHANCEMENT, STYLESHEET } from "./assets.ts";
import { openGraph } from "./open-graph.ts";

export interface Feeds {
  readonly title: string;
  readonly atom: string;
  readonly json: string;
}

export interface PageOptions {
  readonly title: string;
  /** One sentence, for whoever passes the address on */
  readonly description: string;
  /** The page's own address */
  readonly url: string;
  readonly feeds?: Feeds | undefined;
  /** More elements for the head */
  readonly head?: Child;
  /** Whether something could not be read, and may be there in a moment */
  readonly isPartial?: boolean;
  readonly status?: number;
}

/** Everything comes from here: no other host is asked, and no script stands in the page. */
const SECURITY_POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** What is at hand on every page. */
const SITE = [
  { path: "/docs", label: "Documentation" },
  { path: "/api/v1/openapi.json", label: "API" },
] as const;

export function pageResponse(options: PageOptions, content: Child): Response {
  const { isPartial = false, status = 200 } = options;
  return respond(`<!doctype html>\n${<Layout {...options}>{content}</Layout>}\n`, status, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": isPartial || status !== 200 ? "no-store" : "public, max-age=60",
    "content-security-policy": SECURITY_POLICY,
    "referrer-policy": "no-referrer",
  });
}

function Layout({ title, description, url, feeds, head, children }: PageOptions & { readonly children?: Child }) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        {openGraph({ title, description, url, image: new URL("/card.png", url).href })}
        <link rel="icon" type="image/svg+xml" href="/favicon.svg" />
        <link rel="stylesheet" href={STYLESHEET.path} />
        {feeds && <link rel="alternate" type="application/atom+xml" title={feeds.title} href={feeds.atom} />}
        {feeds && <link rel="alternate" type="application/feed+json" title={feeds.title} href={feeds.json} />}
        <meta name="color-scheme" content="light dark" />
        {head}
        <script src={ENHANCEMENT.path} />
      </head>
      <body>
        <a class="skip" href="#content">
          Skip to content
        </a>
        <header>
          <a class="name" href="/">
            System extensions
          </a>
          <nav aria-label="Site">
            {SITE.map(({ path, label }) => (
              <a href={path}>{label}</a>
            ))}
            {feeds && <a href={feeds.atom}>Feed</a>}
          </nav>
          <button type="button" class="theme needs-script">
            Light or dark
          </button>
        </header>
        <main id="content" tabindex={-1}>
          {children}
        </main>
        <footer>
          <p>
            Images for <code>systemd-sysext</code>, installed and updated by <code>systemd-sysupdate</code>.
          </p>
        </footer>
        <p class="unseen" role="status" id="said" />
      </body>
    </html>
  );
}
