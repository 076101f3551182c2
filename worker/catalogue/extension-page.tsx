/** The page of an extension: what it is, how a machine gets it, its README, its versions, and what the newest one has. */
import { raw } from "hono/html";
import type { ApiRelease, ExtensionProfile, ReleaseContents, ReleaseManifest } from "../../schema/index.ts";
import { ConfigurationPart } from "./configuration-part.tsx";
import type { Asked, Configured } from "./configure.ts";
import { ContentsView } from "./contents.tsx";
import { ExtensionFacts } from "./extension-facts.tsx";
import { IfKnown, known, PagePart } from "./page-part.tsx";
import { Provenance } from "./provenance.tsx";
import type { Reading } from "./reader.ts";
import { readmeHtml } from "./readme.ts";
import { SizeGraphs } from "./size-graph.tsx";
import { Versions } from "./versions.tsx";

export interface ExtensionPageProps {
  readonly extension: string;
  readonly releases: Reading<readonly ApiRelease[]>;
  readonly profile: Reading<ExtensionProfile>;
  readonly contents: Reading<ReleaseContents>;
  readonly manifest: Reading<ReleaseManifest>;
  readonly asked: Asked;
  readonly configured: Reading<Configured>;
  readonly isSigned: boolean;
  /** All versions, and not only the newest ones */
  readonly isWhole: boolean;
}

export function ExtensionPage(props: ExtensionPageProps) {
  const { extension, profile, releases, contents, manifest, asked, configured, isSigned, isWhole } = props;
  const about = known(profile);
  const newest = known(releases)?.find(({ yanked }) => yanked === undefined);
  const hasReadme = about === undefined ? profile !== undefined : about.readme.trim() !== "";
  const parts = [
    { id: "configure", title: "Configure a machine" },
    ...(hasReadme ? [{ id: "about", title: "About" }] : []),
    { id: "versions", title: "Versions" },
    ...(contents === undefined ? [] : [{ id: "inside", title: "What is inside" }]),
    ...(manifest === undefined ? [] : [{ id: "origin", title: "Where it comes from" }]),
  ];
  const part = (wanted: string) => parts.find(({ id }) => id === wanted);
  const [readme, inside, origins] = [part("about"), part("inside"), part("origin")];
  return (
    <>
      <h1>
        <code>{extension}</code> {newest && <span class="version">{newest.version}</span>}
      </h1>
      <p class="lede">{about?.description ?? "A system extension."}</p>
      <ExtensionFacts extension={extension} about={about} newest={newest} isSigned={isSigned} />
      <nav aria-label="On this page">
        <ul class="jump">
          {parts.map(({ id, title }) => (
            <li>
              <a href={`#${id}`}>{title}</a>
            </li>
          ))}
        </ul>
      </nav>
      <PagePart id="configure" title="Configure a machine">
        <IfKnown reading={configured} what="The configuration">
          {(found) => (
            <ConfigurationPart {...{ extension, asked }} releases={known(releases) ?? []} configured={found} />
          )}
        </IfKnown>
      </PagePart>
      {readme && (
        <PagePart {...readme}>
          <IfKnown reading={profile} what="The README">
            {(found) => <div class="readme">{raw(readmeHtml(found.readme))}</div>}
          </IfKnown>
        </PagePart>
      )}
      <PagePart id="versions" title="Versions">
        <IfKnown reading={releases} what="The versions">
          {(found) => (
            <>
              <SizeGraphs releases={found} />
              <Versions extension={extension} releases={found} isWhole={isWhole} />
            </>
          )}
        </IfKnown>
      </PagePart>
      {inside && (
        <PagePart {...inside}>
          <IfKnown reading={contents} what="What is inside">
            {(found) => <ContentsView contents={found} />}
          </IfKnown>
        </PagePart>
      )}
      {origins && (
        <PagePart {...origins}>
          <IfKnown reading={manifest} what="Where it comes from">
            {(found) => <Provenance manifest={found} />}
          </IfKnown>
        </PagePart>
      )}
    </>
  );
}
