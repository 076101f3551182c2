/** What is inside an image: its largest parts as a picture, its units, its largest files. */
import type { ImageContents, ReleaseContents } from "../../schema/index.ts";
import { formatSize } from "./format.ts";

const FILES_SHOWN = 12;
const [WIDTH, ROW] = [720, 24];
const LABEL = 300;
const VALUE = 76;

export function ContentsSection({ contents }: { readonly contents: ReleaseContents }) {
  const [image] = contents.images;
  if (image === undefined) return null;
  const { arch, files, folders, symlinks, unpackedSize, units } = image;
  return (
    <>
      <p>
        {formatSize(unpackedSize)} unpacked in the image for {arch}: {files} files, {folders} folders, {symlinks}{" "}
        symlinks.
      </p>
      <Parts parts={image.parts} whole={unpackedSize} />
      {units.length > 0 && <Units units={units} />}
      <details>
        <summary>The largest files</summary>
        <ul>
          {image.largest.slice(0, FILES_SHOWN).map(({ path, size }) => (
            <li>
              <code>/{path}</code> <span class="soft">{formatSize(size)}</span>
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}

function Parts({ parts, whole }: { readonly parts: ImageContents["parts"]; readonly whole: number }) {
  const most = Math.max(1, ...parts.map(({ size }) => size));
  const height = parts.length * ROW;
  const room = WIDTH - LABEL - VALUE;
  return (
    <figure>
      <svg viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-labelledby="parts-title">
        <title id="parts-title">
          Largest parts:{" "}
          {parts
            .slice(0, 5)
            .map(({ path, size }) => `${path} ${formatSize(size)}`)
            .join(", ")}
        </title>
        {parts.map(({ path, size }, at) => (
          <g>
            <text x={0} y={at * ROW + 16}>
              {shortened(path)}
            </text>
            <rect
              class="bar"
              x={LABEL}
              y={at * ROW + 6}
              height={12}
              width={Math.max(1, (size / most) * room).toFixed(1)}
            />
            <text class="soft" x={WIDTH} y={at * ROW + 16} text-anchor="end">
              {formatSize(size)}
            </text>
          </g>
        ))}
      </svg>
      <figcaption>The largest parts of {formatSize(whole)}; a folder has what is not shown by itself.</figcaption>
    </figure>
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

/** The end tells more than the beginning. */
function shortened(path: string): string {
  return path.length <= 42 ? path : `…${path.slice(-41)}`;
}
