/** What is to be known of an extension at a glance. */
import type { Child } from "hono/jsx";
import { type ApiRelease, type ExtensionProfile, FEED_FILES, publicPath } from "../../schema/index.ts";
import { dayOf, formatSize, verificationOf } from "./format.ts";

interface ExtensionFactsProps {
  readonly extension: string;
  readonly about: ExtensionProfile | undefined;
  readonly newest: ApiRelease | undefined;
  readonly isSigned: boolean;
}

export function ExtensionFacts({ extension, about, newest, isSigned }: ExtensionFactsProps) {
  const folder = `/extensions/${extension}`;
  return (
    <dl class="facts">
      {newest && (
        <Fact name="Newest version">
          <a href={`/catalogue/${extension}/${encodeURIComponent(newest.version)}`}>{newest.version}</a>
          {newest.publishedAt && <span class="soft">, {dayOf(newest.publishedAt)}</span>}
        </Fact>
      )}
      {newest && (
        <Fact name="Images">
          {newest.images
            .map(({ arch, size }) => (size === undefined ? arch : `${arch} ${formatSize(size)}`))
            .join(", ")}
        </Fact>
      )}
      {about?.verifiedBy && <Fact name="Its downloads are verified by">{verificationOf(about.verifiedBy)}</Fact>}
      {about?.kind && (
        <Fact name="Kind">
          <a href={`/?kind=${about.kind}`}>{about.kind}</a>
        </Fact>
      )}
      {about && (
        <Fact name="Home">
          <a href={about.homepage} rel="noreferrer">
            {about.homepage.replace(/^https?:\/\/|\/$/g, "")}
          </a>
        </Fact>
      )}
      <Fact name="For machines">
        <a href={publicPath({ release: extension, file: `${extension}.conf` })}>transfer file</a>,{" "}
        <a href={`${folder}/SHA256SUMS`}>index</a>,{" "}
        {isSigned ? <a href={`${folder}/SHA256SUMS.gpg`}>signature</a> : "not signed"},{" "}
        <a href="/docs/trust#check-by-hand">how to check</a>
      </Fact>
      {newest?.publishedAt && (
        <Fact name="News">
          <a href={`${folder}/${FEED_FILES["atom-feed"]}`}>Atom feed</a>,{" "}
          <a href={`${folder}/${FEED_FILES["json-feed"]}`}>JSON feed</a>
        </Fact>
      )}
    </dl>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children?: Child }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
