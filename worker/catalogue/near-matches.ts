/** Which names somebody may have meant who wrote another one. */

const MAX_MATCHES = 3;
/** No name of an extension is longer; what is, is no slip of the pen. */
const MAX_LENGTH = 64;
/** Of a name, what others may begin with or contain without being near it. */
const MIN_PART = 3;

/**
 * Nearest first: by the letters that were mistyped, left out, added or swapped, or by a part of the name alone.
 * Where the name is one of them, nothing else is meant.
 */
export function nearestNames(name: string, names: readonly string[]): string[] {
  const wanted = name.toLowerCase();
  if (wanted === "" || wanted.length > MAX_LENGTH) return [];
  if (names.includes(wanted)) return [wanted];
  return names
    .map((known) => ({ known, distance: distanceOf(wanted, known) }))
    .filter(({ distance }) => distance <= tolerated(wanted))
    .sort((a, b) => a.distance - b.distance || (a.known < b.known ? -1 : 1))
    .slice(0, MAX_MATCHES)
    .map(({ known }) => known);
}

/** In short names one letter is much. */
function tolerated({ length }: string): number {
  return Math.max(1, Math.floor(length / 3));
}

function distanceOf(wanted: string, known: string): number {
  const limit = tolerated(wanted);
  if (wanted.length >= MIN_PART && known.startsWith(wanted)) return 1;
  if (known.length >= MIN_PART && wanted.startsWith(known)) return 1;
  // Behind those where a letter is wrong: `compose` is one way to say `docker-compose`.
  if (wanted.length >= MIN_PART && known.includes(wanted)) return limit;
  return Math.abs(wanted.length - known.length) > limit ? Number.POSITIVE_INFINITY : edits(wanted, known);
}

/** The distance of Damerau and Levenshtein in which no part is edited twice (optimal string alignment). */
function edits(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (isSame ? 0 : 1),
        isSwapped ? (beforeLast[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
