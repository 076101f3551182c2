/** The page of one release: its images with their hashes, what is inside, where it comes from. */
import type { ApiRelease, ReleaseContents, ReleaseManifest } from "../../schema/index.ts";
import { ContentsSection } from "./contents.tsx";
import { known } from "./extension-page.tsx";
import { dayOf, formatSize } from "./format.ts";
import { Provenance } from "./provenance.tsx";
import { type Reading, UNAVAILABLE } from "./reader.ts";

export interface ReleasePageProps {
  readonly extension: string;
  readonly release: ApiRelease;
  readonly contents: Reading<ReleaseContents>;
  readonly manifest: Reading<ReleaseManifest>;
}

export function ReleasePage({ extension, release, contents, manifest }: ReleasePageProps) {
  const { version, publishedAt, images, yanked } = release;
  const [inside, origin] = [known(contents), known(manifest)];
  return (
    <>
      <h1>
        {extension} {version}
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
        <section aria-labelledby={arch}>
          <h2 id={arch}>{arch}</h2>
          <dl class="facts">
            <dt>Image</dt>
            <dd>
              <a href={new URL(url).pathname}>{file}</a>
              {size !== undefined && `, ${formatSize(size)}`}
            </dd>
            <dt>SHA-256</dt>
            <dd class="hash">
              <span id={`sha256-${arch}`}>{sha256}</span>{" "}
              <button type="button" class="copy" data-of={`sha256-${arch}`} hidden>
                copy
              </button>
            </dd>
          </dl>
        </section>
      ))}
      {inside && (
        <section aria-labelledby="inside">
          <h2 id="inside">What is inside</h2>
          <ContentsSection contents={inside} />
        </section>
      )}
      {origin && (
        <section aria-labelledby="origin">
          <h2 id="origin">Where it comes from</h2>
          <Provenance manifest={origin} />
        </section>
      )}
      {(contents === UNAVAILABLE || manifest === UNAVAILABLE) && (
        <p class="warn">Some of it cannot be shown just now. Try again in a minute.</p>
      )}
    </>
  );
}
