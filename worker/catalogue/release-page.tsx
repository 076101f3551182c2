/** The page of one release: its images with their hashes, what is inside, where it comes from. */
import type { ApiRelease, ReleaseContents, ReleaseManifest } from "../../schema/index.ts";
import { ContentsView } from "./contents.tsx";
import { dayOf, formatSize } from "./format.ts";
import { IfKnown, PagePart } from "./page-part.tsx";
import { Provenance } from "./provenance.tsx";
import type { Reading } from "./reader.ts";

export interface ReleasePageProps {
  readonly extension: string;
  readonly release: ApiRelease;
  readonly contents: Reading<ReleaseContents>;
  readonly manifest: Reading<ReleaseManifest>;
}

export function ReleasePage({ extension, release, contents, manifest }: ReleasePageProps) {
  const { version, publishedAt, images, yanked } = release;
  return (
    <>
      <h1>
        <code>{extension}</code> <span class="version">{version}</span>
      </h1>
      <p class="lede">
        {publishedAt ? `Published ${dayOf(publishedAt)}. ` : ""}
        <a href={`/catalogue/${extension}`}>All versions of {extension}</a>
      </p>
      {yanked && (
        <p class="warn">
          Withdrawn {dayOf(yanked.at)}: {yanked.reason}
        </p>
      )}
      {images.map(({ arch, file, url, size, sha256 }) => (
        <PagePart id={arch} title={arch}>
          <p>
            <a href={new URL(url).pathname}>{file}</a>
            {size !== undefined && `, ${formatSize(size)}`}
          </p>
          <p>
            SHA-256{" "}
            <span id={`sha256-${arch}`} class="hash">
              {sha256}
            </span>{" "}
            <button
              type="button"
              class="copy needs-script"
              data-of={`sha256-${arch}`}
              aria-label={`Copy the SHA-256 for ${arch}`}
            >
              Copy
            </button>
          </p>
        </PagePart>
      ))}
      {contents !== undefined && (
        <PagePart id="inside" title="What is inside">
          <IfKnown reading={contents} what="What is inside">
            {(found) => <ContentsView contents={found} />}
          </IfKnown>
        </PagePart>
      )}
      {manifest !== undefined && (
        <PagePart id="origin" title="Where it comes from">
          <IfKnown reading={manifest} what="Where it comes from">
            {(found) => <Provenance manifest={found} />}
          </IfKnown>
        </PagePart>
      )}
    </>
  );
}
