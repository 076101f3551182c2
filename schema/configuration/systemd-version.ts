/** What depends on the version of a machine's systemd. Undefined is any, so what all of them understand. */

/** Transfer files end in `.transfer`, may have `ChangeLog=`, and `.conf` earns a warning: sysupdate.d(5) */
export const TRANSFER_SUFFIX_SINCE = 257;
/** The units of systemd-sysupdate are called `systemd-sysupdate-update`, and their former names are symlinks. */
export const UPDATE_UNITS_SINCE = 262;

export function isAtLeast(systemd: number | undefined, version: number): boolean {
  return systemd !== undefined && systemd >= version;
}

export function transferSuffix(systemd: number | undefined): "conf" | "transfer" {
  return isAtLeast(systemd, TRANSFER_SUFFIX_SINCE) ? "transfer" : "conf";
}
