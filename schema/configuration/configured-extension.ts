/** What a machine is to have of one extension: an image, where it is looked for, and what newer ones it follows. */
import type { HostProfile } from "../extension-profile.ts";
import { imageFile } from "../names.ts";
import { everyVersion, formatTransfer, patchLevel, type TransferRule, transferFor } from "../transfer.ts";
import type { Choice } from "./choice.ts";
import type { ConfiguredBakery, ConfiguredFile, ConfiguredLink, RemoteContents } from "./host-configuration.ts";
import type { Installation } from "./resolve-choice.ts";
import { isAtLeast, TRANSFER_SUFFIX_SINCE, transferSuffix } from "./systemd-version.ts";

/** What is done with a newer version: `nothing` leaves it to the next boot, and tells nobody. */
export type Activation = HostProfile["activation"] | "nothing";

export interface ConfiguredExtension {
  readonly name: string;
  readonly version: string;
  readonly image: ConfiguredFile<RemoteContents>;
  /** Where systemd-sysext looks, by the name that the image has inside; updates lead it to newer images. */
  readonly link: ConfiguredLink;
  /** None: it is not updated */
  readonly transfer?: ConfiguredFile;
  /** How the names of the images that it follows begin: `kubernetes-v1.32.` */
  readonly followed: string;
  readonly activation: Activation;
  /** Units of the image that start with the machine, by name */
  readonly starts: readonly string[];
}

export interface ConfigurationContext {
  readonly choice: Choice;
  readonly bakery: ConfiguredBakery;
  readonly verify: boolean;
  /** Whether one of the extensions wants to be merged at boot and no earlier */
  readonly waits: boolean;
}

export function configureExtension(installation: Installation, context: ConfigurationContext): ConfiguredExtension {
  const { name, version, sha256, advice, follow } = installation;
  const { choice, bakery } = context;
  const file = imageFile({ extension: name, version }, choice.arch);
  const path = `/opt/extensions/${name}/${file}`;
  const rule = follow === "series" ? patchLevel() : everyVersion();
  const [followed = ""] = rule.matchPattern(name, version).split("@v");
  return {
    name,
    version,
    image: {
      path,
      mode: 0o644,
      // A plus stands for a space to some servers of files.
      contents: { url: `${bakery.url}/extensions/${name}/${encodeURIComponent(file)}`, sha256 },
    },
    link: { path: `/etc/extensions/${name}.raw`, target: path },
    ...(follow !== "off" && { transfer: transferFile(installation, rule, context) }),
    followed,
    activation: activationOf(advice?.host, context),
    starts: (advice?.host.enable ?? []).map((unit) => unit.slice(unit.lastIndexOf("/") + 1)),
  };
}

/** An extension that says nothing is put right by a boot. */
function activationOf(host: HostProfile | undefined, { choice, waits }: ConfigurationContext): Activation {
  if (choice.after !== "advised") return choice.after;
  return waits ? "reboot" : (host?.activation ?? "reboot");
}

/**
 * The bakery's own where that says what is wanted, so that machines differ by nothing from those set up by hand. Whether
 * it says that indexes are verified is not known: it may be from before the bakery signed them.
 */
function transferFile(
  installation: Installation,
  rule: TransferRule,
  { choice: { systemd }, bakery, verify }: ConfigurationContext,
): ConfiguredFile {
  const { name, version, advice } = installation;
  const stem = rule.name(name, version);
  const isPublished = advice?.transfers.includes(rule.kind) ?? false;
  const hasChangeLog = isAtLeast(systemd, TRANSFER_SUFFIX_SINCE);
  const asPublished = isPublished && !hasChangeLog && !verify && bakery.signed !== true;
  const transfer = transferFor(rule, version, { extension: name, bakeryUrl: bakery.url, verify });
  return {
    path: `/etc/sysupdate.${name}.d/${stem}.${transferSuffix(systemd)}`,
    mode: 0o644,
    contents: asPublished
      ? { url: `${bakery.url}/extensions/${name}/${encodeURIComponent(`${stem}.conf`)}` }
      : { text: formatTransfer({ ...transfer, ...(hasChangeLog && changeLogOf(installation, bakery)) }) },
  };
}

/** The extension's page, or else its own website; none where neither is known: a wrong address helps nobody. */
function changeLogOf({ name, homepage }: Installation, { url, hasPages }: ConfiguredBakery) {
  const page = hasPages ? `${url}/catalogue/${name}` : homepage;
  // A percent sign would begin a specifier.
  return page === undefined ? {} : { changeLog: page.replaceAll("%", "%%") };
}
