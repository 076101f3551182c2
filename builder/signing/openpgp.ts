/** OpenPGP, loaded where it is needed: it takes as long as all else together, and most commands sign nothing. */

export function openpgp(): Promise<typeof import("openpgp")> {
  return import("openpgp");
}
