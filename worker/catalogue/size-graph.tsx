/** How large the image was in each version, oldest on the left: a graph for each architecture, all by one scale. */
import { type ApiRelease, ARCHES, type Arch } from "../../schema/index.ts";
import { formatSize } from "./format.ts";

const [WIDTH, HEIGHT] = [340, 96];
const [LEFT, RIGHT, TOP, BOTTOM] = [4, 64, 12, 18];
/** More points than these are no graph but a smear. */
const MAX_POINTS = 60;

interface Point {
  readonly version: string;
  readonly size: number;
}

export function SizeGraphs({ releases }: { readonly releases: readonly ApiRelease[] }) {
  const listed = releases.filter(({ yanked }) => yanked === undefined).slice(0, MAX_POINTS);
  const graphs = ARCHES.map((arch) => ({
    arch,
    points: listed.toReversed().flatMap(({ version, images }): Point[] => {
      const size = images.find((image) => image.arch === arch)?.size;
      return size === undefined ? [] : [{ version, size }];
    }),
  })).filter(({ points }) => points.length > 1);
  if (graphs.length === 0) return null;
  const most = Math.max(...graphs.flatMap(({ points }) => points.map(({ size }) => size)));
  return (
    <div class="graphs">
      {graphs.map((graph) => (
        <SizeGraph {...graph} most={most} />
      ))}
    </div>
  );
}

interface SizeGraphProps {
  readonly arch: Arch;
  readonly points: readonly Point[];
  /** Where the scale ends. Bytes */
  readonly most: number;
}

function SizeGraph({ arch, points, most }: SizeGraphProps) {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return null;
  const x = (at: number) => round(LEFT + (at * (WIDTH - LEFT - RIGHT)) / (points.length - 1));
  const y = (size: number) => round(HEIGHT - BOTTOM - (size * (HEIGHT - TOP - BOTTOM)) / most);
  const line = points.map(({ size }, at) => `${x(at)},${y(size)}`).join(" ");
  const title = `graph-${arch}`;
  return (
    <figure>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby={title}>
        <title id={title}>
          {`Size of the image for ${arch}: from ${formatSize(first.size)} in ${first.version} to ${formatSize(last.size)} in ${last.version}`}
        </title>
        <polygon class="area" points={`${x(0)},${y(0)} ${line} ${x(points.length - 1)},${y(0)}`} />
        <polyline class="thread" points={line} />
        <line class="grid" x1={LEFT} x2={WIDTH - RIGHT} y1={y(0)} y2={y(0)} />
        <circle class="dot" cx={x(points.length - 1)} cy={y(last.size)} r="3" />
        <text x={WIDTH - RIGHT + 8} y={Number(y(last.size)) + 4}>
          {formatSize(last.size)}
        </text>
        <text x={LEFT} y={HEIGHT - 4}>
          {first.version}
        </text>
        <text x={WIDTH - RIGHT} y={HEIGHT - 4} text-anchor="end">
          {last.version}
        </text>
      </svg>
      <figcaption>
        Size of the image for {arch}, over {points.length} versions
      </figcaption>
    </figure>
  );
}

function round(value: number): string {
  return value.toFixed(1);
}
