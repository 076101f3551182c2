/** Which of the listed versions count as latest; release automation keeps those released. */

/** Takes versions, newest first, and gives those that count. */
export type LatestRule = (versions: readonly string[]) => readonly string[];

/** The newest one, which is what a recipe means that says nothing. */
export function newest(): LatestRule {
  return (versions) => versions.slice(0, 1);
}
