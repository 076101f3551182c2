/** What a machine needs beside the image, and does when a newer one has come: for the Butane configuration of the README. */

export interface HostSetup {
  /**
   * How a newer version is put to use: `refresh` merges it, where new processes find it; units are restarted after
   * that; `reboot` where running software cannot be replaced. Default: `reboot`.
   */
  readonly activation?: "refresh" | "reboot" | { readonly restart: readonly [string, ...string[]] };
  /**
   * Units of the image that start with the machine: names, or paths where they are not in `usr/lib/systemd/system`.
   * Upheld ones need it not.
   */
  readonly enable?: readonly string[];
  /** Units of the machine that would be in the way. */
  readonly mask?: readonly string[];
  readonly files?: readonly HostFile[];
  readonly links?: readonly { readonly path: string; readonly target: string }[];
  readonly dropins?: readonly { readonly unit: string; readonly name: string; readonly text: string }[];
  readonly users?: readonly HostUser[];
  /** Other extensions that it needs beside it, with the version that the example takes. */
  readonly needs?: readonly { readonly extension: string; readonly version: string }[];
  /** The example follows the patch releases of its minor series, and no newer series. */
  readonly staysInSeries?: boolean;
}

export interface HostFile {
  /** Absolute. */
  readonly path: string;
  /** Default: 0o644. */
  readonly mode?: number;
  readonly text: string;
  /** Names of a user and a group; default: root. */
  readonly user?: string;
  readonly group?: string;
}

export interface HostUser {
  readonly name: string;
  readonly uid?: number;
  readonly home?: string;
}

/** Where a unit of `enable` is in the image. */
export function unitPath(unit: string): string {
  return unit.includes("/") ? unit : `usr/lib/systemd/system/${unit}`;
}
