/** From a choice to the text that people take home. */
import { formatAnsibleTasks } from "./ansible-tasks.ts";
import { butaneOf, formatButane } from "./butane.ts";
import type { Choice, ConfigurationFormat } from "./choice.ts";
import { type ConfiguredBakery, type HostConfiguration, hostConfiguration } from "./host-configuration.ts";
import { formatIgnition, ignitionOf } from "./ignition.ts";
import { type Installation, type LookUpExtension, resolveChoice } from "./resolve-choice.ts";
import { formatShellScript } from "./shell-script.ts";

export interface Configuration {
  readonly text: string;
  /** What machines get, in the order in which it is installed */
  readonly installations: readonly Installation[];
  readonly host: HostConfiguration;
}

/** Of each form: what it is served as, and what its file is called. */
export const CONFIGURATION_FILES: Readonly<
  Record<ConfigurationFormat, { readonly contentType: string; readonly suffix: string }>
> = {
  butane: { contentType: "application/yaml", suffix: ".yaml" },
  ignition: { contentType: "application/json", suffix: ".ign" },
  shell: { contentType: "text/x-shellscript; charset=utf-8", suffix: ".sh" },
  ansible: { contentType: "application/yaml", suffix: ".tasks.yaml" },
};

/**
 * @param lookUp is asked for each extension, and for what it needs
 * @throws InvalidInput naming the parameter of the choice that cannot be
 */
export async function makeConfiguration(
  choice: Choice,
  bakery: ConfiguredBakery,
  lookUp: LookUpExtension,
): Promise<Configuration> {
  const resolved = await resolveChoice(choice, lookUp);
  const host = hostConfiguration(resolved, choice, bakery);
  return { text: formatConfiguration(host, choice), installations: resolved.installations, host };
}

/** The same machine in another form: what was looked up need not be again. */
export function formatConfiguration(
  host: HostConfiguration,
  { format, arch }: Pick<Choice, "format" | "arch">,
): string {
  switch (format) {
    case "butane":
      return formatButane(butaneOf(host));
    case "ignition":
      return formatIgnition(ignitionOf(host));
    case "shell":
      return formatShellScript(host, arch);
    case "ansible":
      return formatAnsibleTasks(host, arch);
  }
}
