/** The page of an extension: what it is, how a machine gets it, its versions, and its README. */

import { raw } from "hono/html";
import type { Child } from "hono/jsx";
import {
  type ApiRelease,
  type ExtensionProfile,
  publicPath,
  type ReleaseContents,
  type ReleaseManifest,
} from "../../schema/index.ts";
import { ContentsSection } from "./contents.tsx";
import { readmeHtml } from "./markdown.ts";
import { Provenance } from "./provenance.tsx";
import { type Reading, UNAVAILABLE } from "./reader.ts";
import { SizeGraph } from "./size-graph.tsx";
import { Versions } from "./versions.tsx";

export interface ExtensionPageProps {
  readonly origin: string;
  readonly extension: string;
  readonly releases: Reading<readonly ApiRelease[]>;
  readonly profile: Reading<ExtensionProfile>;
  readonly contents: Reading<ReleaseContents>;
  readonly manifest: Reading<ReleaseManifest>;
  readonly isSigned: boolean;
  /** All versions, and not only the newest ones */
  readonly isWhole: boolean;
}

export function ExtensionPage(props: ExtensionPageProps) {
  const { origin, extension, profile, releases, contents, manifest, isSigned, isWhole } = props;
  const about = known(profile);
  const all = known(releases) ?? [];
  const [newest] = all.filter(({ yanked }) => yanked === undefined);
  return (
    <>
      <h1>{extension}</h1>
      <p class="lede">{about?.description ?? "A system extension."}</p>
      <Facts about={about} newest={newest} isSigned={isSigned} extension={extension} />
      <Follow origin={origin} extension={extension} />
      {profile === UNAVAILABLE && <p class="warn">The README is not to be had just now.</p>}
      {about && about.readme.trim() !== "" && (
        <section class="readme" aria-label="README">
          {raw(readmeHtml(about.readme))}
        </section>
      )}
      <section aria-labelledby="versions">
        <h2 id="versions">Versions</h2>
        <Section reading={releases} what="The versions">
          <SizeGraph releases={all} />
          <Versions extension={extension} releases={all} isWhole={isWhole} />
        </Section>
      </section>
      {contents !== undefined && (
        <section aria-labelledby="inside">
          <h2 id="inside">What is inside {newest?.version}</h2>
          <Section reading={contents} what="What is inside">
            {(found) => <ContentsSection contents={found} />}
          </Section>
        </section>
      )}
      {manifest !== undefined && newest !== undefined && (
        <section aria-labelledby="origin">
          <h2 id="origin">Where {newest.version} comes from</h2>
          <Section reading={manifest} what="Where it comes from">
            {(found) => <Provenance manifest={found} />}
          </Section>
        </section>
      )}
    </>
  );
}

interface FactsProps {
  readonly about: ExtensionProfile | undefined;
  readonly newest: ApiRelease | undefined;
  readonly extension: string;
  readonly isSigned: boolean;
}

function Facts({ about, newest, extension, isSigned }: FactsProps) {
  return (
    <dl class="facts">
      {newest && (
        <>
          <dt>Newest version</dt>
          <dd>
            <a href={`/catalogue/${extension}/${encodeURIComponent(newest.version)}`}>{newest.version}</a>, for{" "}
            {newest.images.map(({ arch }) => arch).join(" and ")}
          </dd>
        </>
      )}
      {about?.kind && (
        <>
          <dt>Kind</dt>
          <dd>
            <a href={`/?kind=${about.kind}`}>{about.kind}</a>
          </dd>
        </>
      )}
      {about && (
        <>
          <dt>Home</dt>
          <dd>
            <a href={about.homepage} rel="noreferrer">
              {about.homepage}
            </a>
          </dd>
        </>
      )}
      <dt>Index</dt>
      <dd>
        <a href={`/extensions/${extension}/SHA256SUMS`}>SHA256SUMS</a>,{" "}
        {isSigned ? <a href={`/extensions/${extension}/SHA256SUMS.gpg`}>signed</a> : "not signed"}
      </dd>
    </dl>
  );
}

function Follow({ origin, extension }: { readonly origin: string; readonly extension: string }) {
  const transfer = publicPath({ release: extension, file: `${extension}.conf` });
  return (
    <section aria-labelledby="install">
      <h2 id="install">Install it on a machine</h2>
      <p>
        As root, with systemd 254 or later. The first run installs it, later ones update it; the timer{" "}
        <code>systemd-sysupdate.timer</code> does so by itself.
      </p>
      <pre tabindex={0} id="commands">
        <code>{`mkdir -p /etc/sysupdate.${extension}.d /etc/extensions /opt/extensions/${extension}
curl -o /etc/sysupdate.${extension}.d/${extension}.conf ${origin}${transfer}
/usr/lib/systemd/systemd-sysupdate -C ${extension} update
systemd-sysext refresh`}</code>
      </pre>
      <button type="button" class="copy" data-of="commands" hidden>
        copy
      </button>
    </section>
  );
}

interface SectionProps<T> {
  readonly reading: Reading<T>;
  readonly what: string;
  readonly children: Child | ((found: T) => Child);
}

function Section<T>({ reading, what, children }: SectionProps<T>) {
  if (reading === UNAVAILABLE) return <p class="warn">{what} cannot be shown just now. Try again in a minute.</p>;
  if (reading === undefined) return null;
  return <>{typeof children === "function" ? children(reading) : children}</>;
}

export function known<T>(reading: Reading<T>): T | undefined {
  return reading === UNAVAILABLE ? undefined : reading;
}
