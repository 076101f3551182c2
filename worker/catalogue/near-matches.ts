/** Names that somebody may have meant. */

const MAX_DISTANCE = 2;
const MAX_MATCHES = 3;
/** Of longer ones, nobody has mistyped a letter. */
const MAX_LENGTH = 64;

/** Those that begin like it, have it in them, or are a letter or two away; the nearest first. */
export function nearMatches(name: string, all: readonly string[]): string[] {
  const wanted = name.toLowerCase().slice(0, MAX_LENGTH);
  return all
    .map((other) => ({ other, distance: nearness(wanted, other) }))
    .filter(({ distance }) => distance <= MAX_DISTANCE)
    .sort((a, b) => a.distance - b.distance || (a.other < b.other ? -1 : 1))
    .slice(0, MAX_MATCHES)
    .map(({ other }) => other);
}

function nearness(wanted: string, other: string): number {
  if (wanted.length > 1 && (other.startsWith(wanted) || wanted.startsWith(other))) return 1;
  if (wanted.length > 2 && other.includes(wanted)) return MAX_DISTANCE;
  // Two letters of three would fit anything.
  return distance(wanted, other) + (wanted.length < 4 ? 1 : 0);
}

/** How many letters to add, take away, replace or swap with their neighbour (optimal string alignment). */
export function distance(one: string, other: string): number {
  let [before, last] = [[] as number[], Array.from({ length: other.length + 1 }, (_, at) => at)];
  for (let at = 1; at <= one.length; at += 1) {
    const row = [at];
    for (let to = 1; to <= other.length; to += 1) {
      const cost = one[at - 1] === other[to - 1] ? 0 : 1;
      const edits = [(last[to] ?? 0) + 1, (row[to - 1] ?? 0) + 1, (last[to - 1] ?? 0) + cost];
      const isSwap = at > 1 && to > 1 && one[at - 1] === other[to - 2] && one[at - 2] === other[to - 1];
      if (isSwap) edits.push((before[to - 2] ?? 0) + 1);
      row[to] = Math.min(...edits);
    }
    [before, last] = [last, row];
  }
  return last[other.length] ?? 0;
}
