/**
 * The order of versions: the UAPI Group's version format specification, which is what `systemd-sysupdate` and
 * `systemd-analyze compare-versions` go by.
 *
 * https://uapi-group.org/specifications/specs/version_format_specification/
 */

export type Order = -1 | 0 | 1;

/** Signs that open a segment, in the order in which the specification tries them. Having one makes a version older. */
const SEPARATORS = ["-", "^", "."] as const;

/** Orders two versions. Different strings may be equal: `1.001` and `1.01`. */
export function compareVersions(left: string, right: string): Order {
  const a = new Cursor(left);
  const b = new Cursor(right);

  for (;;) {
    a.skipIgnored();
    b.skipIgnored();

    // `1.0~rc1` is older than `1.0`, so this comes before the end of the string.
    const tilde = compareSeparator(a, b, "~");
    if (tilde !== 0) return tilde;

    if (a.atEnd || b.atEnd) return order(Number(!a.atEnd), Number(!b.atEnd));

    for (const separator of SEPARATORS) {
      const found = compareSeparator(a, b, separator);
      if (found !== 0) return found;
    }

    const segment = a.atDigit || b.atDigit ? compareNumbers(a.takeDigits(), b.takeDigits()) : compareWords(a, b);
    if (segment !== 0) return segment;
  }
}

/** For `Array.prototype.sort`: the newest version first. */
export function newestFirst(left: string, right: string): Order {
  return compareVersions(right, left);
}

/** Reads a version from left to right. */
class Cursor {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }
  get atDigit(): boolean {
    return /^[0-9]/.test(this.#text.charAt(this.#at));
  }
  skipIgnored(): void {
    this.#take(/[^0-9A-Za-z~^.-]*/y);
  }
  skip(character: string): boolean {
    const found = this.#text.charAt(this.#at) === character;
    if (found) this.#at += 1;
    return found;
  }
  takeDigits(): string {
    return this.#take(/[0-9]*/y);
  }
  takeLetters(): string {
    return this.#take(/[A-Za-z]*/y);
  }
  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found = ""] = pattern.exec(this.#text) ?? [];
    this.#at += found.length;
    return found;
  }
}

function compareSeparator(a: Cursor, b: Cursor, separator: string): Order {
  return order(Number(!a.skip(separator)), Number(!b.skip(separator)));
}

/** Without parsing, for versions may have more digits than a number holds. A number is newer than none. */
function compareNumbers(a: string, b: string): Order {
  if (a === "" || b === "") return order(a.length, b.length);
  const [x, y] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  return order(x.length, y.length) || order(x, y);
}

function compareWords(a: Cursor, b: Cursor): Order {
  // Plain string order is the specification's: by ASCII value, and a longer word after its own beginning.
  return order(a.takeLetters(), b.takeLetters());
}

function order<T extends string | number>(a: T, b: T): Order {
  return a < b ? -1 : a > b ? 1 : 0;
}
