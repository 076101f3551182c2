/** How large the image was in each version: a line for each architecture, oldest on the left. */
import { type ApiRelease, ARCHES } from "../../schema/index.ts";
import { formatSize } from "./format.ts";

const [WIDTH, HEIGHT] = [720, 170];
const [LEFT, RIGHT, TOP, BOTTOM] = [8, 76, 16, 26];
/** More points than these are no graph but a smear. */
const MAX_POINTS = 60;

export function SizeGraph({ releases }: { readonly releases: readonly ApiRelease[] }) {
  const listed = releases.filter(({ yanked }) => yanked === undefined).slice(0, MAX_POINTS);
  const versions = listed.toReversed();
  const lines = ARCHES.map((arch) => ({
    arch,
    points: versions.flatMap(({ version, images }, at) => {
      const size = images.find((image) => image.arch === arch)?.size;
      return size === undefined ? [] : [{ at, version, size }];
    }),
  })).filter(({ points }) => points.length > 1);
  if (lines.length === 0) return null;

  const most = Math.max(...lines.flatMap(({ points }) => points.map(({ size }) => size)));
  const x = (at: number) => LEFT + (at * (WIDTH - LEFT - RIGHT)) / Math.max(1, versions.length - 1);
  const y = (size: number) => HEIGHT - BOTTOM - (size * (HEIGHT - TOP - BOTTOM)) / most;
  const [oldest, newest] = [versions[0]?.version, versions.at(-1)?.version];
  const summary = lines
    .map(
      ({ arch, points }) =>
        `${arch} from ${formatSize(points[0]?.size ?? 0)} to ${formatSize(points.at(-1)?.size ?? 0)}`,
    )
    .join(", ");
  return (
    <figure>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby="graph-title">
        <title id="graph-title">
          Size of the image from {oldest} to {newest}: {summary}
        </title>
        <line class="grid" x1={LEFT} x2={WIDTH - RIGHT} y1={y(0)} y2={y(0)} />
        <line class="grid" x1={LEFT} x2={WIDTH - RIGHT} y1={y(most)} y2={y(most)} />
        <text class="soft" x={WIDTH - RIGHT + 8} y={y(most) + 4}>
          {formatSize(most)}
        </text>
        {lines.map(({ points }, at) => (
          <g>
            <polyline
              class="thread"
              points={points.map((point) => `${round(x(point.at))},${round(y(point.size))}`).join(" ")}
              stroke-dasharray={at === 0 ? undefined : "5 4"}
            />
            {points.map((point) => (
              <circle class="dot" cx={round(x(point.at))} cy={round(y(point.size))} r="2.5">
                <title>
                  {point.version}: {formatSize(point.size)}
                </title>
              </circle>
            ))}
          </g>
        ))}
        <text class="soft" x={LEFT} y={HEIGHT - 6}>
          {oldest}
        </text>
        <text class="soft" x={WIDTH - RIGHT} y={HEIGHT - 6} text-anchor="end">
          {newest}
        </text>
      </svg>
      <figcaption>
        Size of the image, {lines.map(({ arch }, at) => `${arch} ${at === 0 ? "solid" : "dashed"}`).join(", ")}.
      </figcaption>
    </figure>
  );
}

function round(value: number): string {
  return value.toFixed(1);
}
