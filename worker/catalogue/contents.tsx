/** What is inside the images of a release: largest parts as a picture, units, largest files. */
import type { ImageContents, ReleaseContents } from "../../schema/index.ts";
import { formatSize } from "./format.ts";

const FILES_SHOWN = 12;

export function ContentsView({ contents }: { readonly contents: ReleaseContents }) {
  const [image] = contents.images;
  if (image === undefined) return null;
  const { arch, files, folders, symlinks, unpackedSize, parts, largest, units } = image;
  return (
    <>
      <p>
        {formatSize(unpackedSize)} unpacked in the image for {arch}: {files} files, {folders} folders, {symlinks}{" "}
        symlinks.
      </p>
      <Parts parts={parts} whole={unpackedSize} />
      {units.length > 0 && <Units units={units} />}
      <details>
        <summary>The largest files</summary>
        <ul>
          {largest.slice(0, FILES_SHOWN).map(({ path, size }) => (
            <li>
              <code>/{path}</code> <span class="soft">{formatSize(size)}</span>
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}

/** A table and not one picture: its words stay legible on a phone, and can be read aloud. */
function Parts({ parts, whole }: { readonly parts: ImageContents["parts"]; readonly whole: number }) {
  const most = Math.max(1, ...parts.map(({ size }) => size));
  return (
    <section class="scroll" aria-label="Largest parts" tabindex={0}>
      <table class="parts">
        <caption class="unseen">Largest parts; a folder has what is not named by itself</caption>
        <thead>
          <tr>
            <th scope="col">Part</th>
            <th scope="col" class="number">
              Size
            </th>
            <th scope="col" class="number">
              Share
            </th>
            <td class="share" />
          </tr>
        </thead>
        <tbody>
          {parts.map(({ path, size }) => (
            <tr>
              <th scope="row">
                <code>/{path}</code>
              </th>
              <td class="number">{formatSize(size)}</td>
              <td class="number">{Math.round((100 * size) / Math.max(1, whole))} %</td>
              <td class="share">
                <svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
                  <rect class="bar" width={Math.max(0.3, (100 * size) / most).toFixed(1)} height="1" />
                </svg>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Units({ units }: { readonly units: ImageContents["units"] }) {
  return (
    <>
      <h3>Units</h3>
      <ul>
        {units.map(({ unit, scope, present, upheldBy }) => (
          <li>
            <code>{unit}</code>
            <span class="soft">
              {scope === "user" && ", of users"}
              {!present && ", of the host"}
              {upheldBy.length > 0 && `, started and kept running by ${upheldBy.join(", ")}`}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
