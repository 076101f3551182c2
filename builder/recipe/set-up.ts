/** Users and files that services need before they start: `sysusers.d` and `tmpfiles.d` are not read when an image is merged. */
import { file, type TreeEntry } from "./tree.ts";

export interface SetUp {
  /** The units that wait for it. */
  readonly before: readonly [string, ...string[]];
  /** A file of the image in `usr/lib/sysusers.d/`. */
  readonly sysusers?: string;
  /** A file of the image in `usr/lib/tmpfiles.d/`. */
  readonly tmpfiles?: string;
}

const UNITS = "usr/lib/systemd/system";

/**
 * A unit `<name>-setup.service` that applies them each time that one of `before` starts; conditions of these see what it
 * made. It is a unit of its own because systemd looks `User=` up for every command of a unit, those with a `+` too: no
 * `ExecStartPre=` can make the unit's own user (status 217/USER).
 */
export function setUp(name: string, { before, sysusers, tmpfiles }: SetUp): readonly TreeEntry[] {
  const unit = `${name}-setup.service`;
  const commands = [
    ...(sysusers === undefined ? [] : [`/usr/bin/systemd-sysusers /usr/lib/sysusers.d/${sysusers}`]),
    ...(tmpfiles === undefined ? [] : [`/usr/bin/systemd-tmpfiles --create /usr/lib/tmpfiles.d/${tmpfiles}`]),
  ];
  const lines = ["[Unit]", `Description=Users and files of ${name}`, "", "[Service]", "Type=oneshot"];
  const text = [...lines, ...commands.map((command) => `ExecStart=${command}`), ""].join("\n");
  return [
    file(`${UNITS}/${unit}`, text),
    ...before.map((one) => file(`${UNITS}/${one}.d/10-setup.conf`, `[Unit]\nWants=${unit}\nAfter=${unit}\n`)),
  ];
}
