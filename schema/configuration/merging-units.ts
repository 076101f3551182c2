/** How images are merged at boot, and what is in them comes to run. */
import type { ConfiguredExtension } from "./configured-extension.ts";
import type { ConfiguredUnit } from "./host-configuration.ts";

/**
 * systemd decides what a boot starts before images are merged, so enabled units that come with one would wait for the
 * boot after. Whoever boots into another target is left alone: the job would be in the way of theirs, and fails.
 */
const START_UNITS = `[Service]
ExecStartPost=/usr/bin/systemctl daemon-reload
ExecStartPost=-/usr/bin/systemctl --no-block --job-mode=fail start multi-user.target
`;

export function mergingUnit(extensions: readonly ConfiguredExtension[]): ConfiguredUnit {
  const starts = extensions.some((one) => one.starts.length > 0);
  return {
    name: "systemd-sysext.service",
    enabled: true,
    ...(starts && { dropins: [{ name: "start-units.conf", contents: START_UNITS }] }),
  };
}
