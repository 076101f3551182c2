/** The versions of an extension: when, for what, how large, by which hash, and why withdrawn. */
import type { ApiRelease } from "../../schema/index.ts";
import { dayOf, formatSize } from "./format.ts";

const SHOWN = 20;

interface VersionsProps {
  readonly extension: string;
  readonly releases: readonly ApiRelease[];
  readonly isWhole: boolean;
}

export function Versions({ extension, releases, isWhole }: VersionsProps) {
  const shown = isWhole ? releases : releases.slice(0, SHOWN);
  const more = releases.length - shown.length;
  return (
    <>
      <section class="scroll versions" aria-label="Table of versions" tabindex={0}>
        <table>
          <caption class="unseen">Versions, newest first</caption>
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">Published</th>
              <th scope="col">Image</th>
              <th scope="col" class="number">
                Size
              </th>
              <th scope="col">SHA-256</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((release) => (
              <Rows extension={extension} release={release} />
            ))}
          </tbody>
        </table>
      </section>
      {more > 0 && (
        <p>
          <a href={`/catalogue/${extension}?versions=all#versions`}>All {releases.length} versions</a>
        </p>
      )}
    </>
  );
}

function Rows({ extension, release }: { readonly extension: string; readonly release: ApiRelease }) {
  const { version, publishedAt, images, yanked } = release;
  return (
    <>
      {images.map(({ arch, url, size, sha256 }, at) => (
        <tr class={yanked && "withdrawn"}>
          {at === 0 && (
            <th scope="rowgroup" rowspan={images.length}>
              <a href={`/catalogue/${extension}/${encodeURIComponent(version)}`}>{version}</a>
              {yanked && (
                <span class="about warn">
                  withdrawn {dayOf(yanked.at)}: {yanked.reason}
                </span>
              )}
            </th>
          )}
          {at === 0 && (
            <td class="nowrap" rowspan={images.length}>
              {publishedAt ? dayOf(publishedAt) : "unknown"}
            </td>
          )}
          <td>
            <a href={new URL(url).pathname}>{arch}</a>
          </td>
          <td class="number">{size === undefined ? "unknown" : formatSize(size)}</td>
          <td class="hash">
            <span id={`${version}-${arch}`} class="digest">
              {sha256}
            </span>
            <button
              type="button"
              class="copy needs-script"
              data-of={`${version}-${arch}`}
              aria-label={`Copy the SHA-256 of ${version} for ${arch}`}
            >
              Copy
            </button>
          </td>
        </tr>
      ))}
    </>
  );
}
