/** Names of units, and where images have unit files: systemd.unit(5). */

export const UNIT_SCOPES = ["system", "user"] as const;
export type UnitScope = (typeof UNIT_SCOPES)[number];

/** Where an image may have units of a scope. The first folder wins. */
export const UNIT_FOLDERS: Readonly<Record<UnitScope, readonly string[]>> = {
  system: ["usr/local/lib/systemd/system", "usr/lib/systemd/system"],
  user: ["usr/local/lib/systemd/user", "usr/lib/systemd/user"],
};

/** Types that have unit files. Devices and scopes are made by systemd as it runs; slices may be both. */
const TYPE = "(?:service|socket|timer|target|path|mount|automount|swap|slice)";
const TYPED = new RegExp(`\\.${TYPE}$`);
const UNIT = new RegExp(`^[A-Za-z0-9:_.\\\\-]+@?\\.${TYPE}$`);
const INSTANCE = new RegExp(`^[A-Za-z0-9:_.\\\\-]+@[A-Za-z0-9:_.\\\\@-]+\\.${TYPE}$`);

/** Whether a file among unit files means to be one, whatever else is wrong with its name. */
export function looksLikeUnit(name: string): boolean {
  return TYPED.test(name);
}

/** Whether systemd takes it for a unit's name: that of a plain unit, a template, or an instance. */
export function isUnitName(name: string): boolean {
  return UNIT.test(name) || INSTANCE.test(name);
}

/** What a unit's file may be called: `getty@tty1.service` is an instance of the template `getty@.service`. */
export function fileNamesOf(unit: string): readonly string[] {
  const template = unit.replace(/@.+(?=\.)/, "@");
  return template === unit ? [unit] : [unit, template];
}
