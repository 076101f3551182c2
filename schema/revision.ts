/**
 * Revisions: the same upstream version, packaged anew, has `+r1` after it, then `+r2`. By systemd's order it is newer
 * than the version itself and older than the next one: machines update to it, and past it.
 */
import { compareVersions } from "./version.ts";

const REVISED = /^(?<upstream>.+)\+r(?<revision>[1-9][0-9]{0,3})$/;

export interface Revised {
  /** As upstream spells it */
  readonly upstream: string;
  /** 0: as it was packaged first */
  readonly revision: number;
}

/** `v1.32.2+k3s1` and 2 of `v1.32.2+k3s1+r2` */
export function parseRevision(version: string): Revised {
  const { upstream = version, revision = "0" } = REVISED.exec(version)?.groups ?? {};
  return { upstream, revision: Number(revision) };
}

export function withRevision({ upstream, revision }: Revised): string {
  return revision === 0 ? upstream : `${upstream}+r${revision}`;
}

/**
 * Whether a revision counts as newer than a version that upstream has made later: `1.0+r1` does so than `1.0.1`, for
 * of a letter and a dot the letter is the newer one. Machines that have the later one would go back.
 */
export function overtakes(revised: string, later: string): boolean {
  const { upstream, revision } = parseRevision(revised);
  if (revision === 0 || parseRevision(later).upstream === upstream) return false;
  return compareVersions(later, upstream) > 0 && compareVersions(later, revised) < 0;
}
