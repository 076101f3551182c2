/**
 * What a machine is to have so that extensions are there at its first boot, follow their bakery, and are put to use as
 * they advise: files, links, units and users. Butane, Ignition, shell and Ansible say the same of it.
 */
import { InvalidInput } from "../invalid-input.ts";
import { NOOP_TRANSFER } from "../transfer.ts";
import type { Choice } from "./choice.ts";
import { type ConfiguredExtension, configureExtension } from "./configured-extension.ts";
import { mergeSetups, mergeUnits } from "./merge-setups.ts";
import { mergingUnit } from "./merging-units.ts";
import type { ResolvedChoice } from "./resolve-choice.ts";
import { isAtLeast, TRANSFER_SUFFIX_SINCE, transferSuffix } from "./systemd-version.ts";
import { updatingUnits } from "./updating-units.ts";

/** Text, or what is downloaded. */
export type Contents = { readonly text: string } | RemoteContents;

export interface RemoteContents {
  /** Percent-encoded */
  readonly url: string;
  readonly sha256?: string | undefined;
}

export interface ConfiguredFile<C extends Contents = Contents> {
  readonly path: string;
  readonly mode: number;
  /** Names; default: root */
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  readonly contents: C;
}

export interface ConfiguredLink {
  readonly path: string;
  readonly target: string;
}

export interface ConfiguredUnit {
  readonly name: string;
  readonly enabled?: true;
  readonly mask?: true;
  readonly dropins?: readonly { readonly name: string; readonly contents: string }[];
}

export interface ConfiguredUser {
  readonly name: string;
  readonly uid?: number | undefined;
  readonly home?: string | undefined;
}

export interface HostConfiguration {
  /** What others need comes before them. */
  readonly extensions: readonly ConfiguredExtension[];
  readonly files: readonly ConfiguredFile[];
  /** What is the operator's to change, so only where there is none */
  readonly initialFiles: readonly ConfiguredFile[];
  readonly links: readonly ConfiguredLink[];
  /** Each once */
  readonly units: readonly ConfiguredUnit[];
  readonly users: readonly ConfiguredUser[];
  /** Sentences for whoever uses it */
  readonly notes: readonly string[];
}

/** All files: what comes first is needed first. */
export function allFiles({ extensions, files, initialFiles }: HostConfiguration): ConfiguredFile[] {
  const parts = extensions.flatMap(({ image, transfer }) => (transfer === undefined ? [image] : [image, transfer]));
  return [...parts, ...files, ...initialFiles];
}

export function allLinks({ extensions, links }: HostConfiguration): ConfiguredLink[] {
  return [...extensions.map(({ link }) => link), ...links];
}

/** The bakery that machines follow. */
export interface ConfiguredBakery {
  /** `https://extensions.example.org`, percent-encoded */
  readonly url: string;
  /** Whether its indexes are signed; undefined: nobody was asked */
  readonly signed?: boolean | undefined;
  /** Of its public keys, as `/keys/import-pubring.gpg` has them */
  readonly keyringSha256?: string | undefined;
  /** Whether it has a page of each extension, as no folder and no repository has */
  readonly hasPages?: boolean;
}

/** From here on a signed index is refused after the date that it has. */
const BEST_BEFORE_SINCE = 260;
export const KEYRING_PATH = "/etc/systemd/import-pubring.gpg";

/** @throws InvalidInput naming the parameter */
export function hostConfiguration(
  { installations, missing }: ResolvedChoice,
  choice: Choice,
  bakery: ConfiguredBakery,
): HostConfiguration {
  const verify = choice.verify ?? bakery.signed ?? false;
  if (verify && bakery.signed === false) {
    throw new InvalidInput("verify", "this bakery signs no index, so machines would refuse them all");
  }
  // A merge is of all images at once: what is to wait for a boot would be merged with what need not.
  const waits = installations.some(({ advice, follow }) => follow !== "off" && advice?.host.activation === "reboot");
  const extensions = installations.map((one) => configureExtension(one, { choice, bakery, verify, waits }));
  const setups = mergeSetups(
    installations.flatMap(({ name, advice }) => (advice ? [{ name, host: advice.host }] : [])),
  );
  const follows = extensions.some(({ transfer }) => transfer !== undefined);
  return {
    extensions,
    files: follows ? [noopTransfer(choice, bakery)] : [],
    initialFiles: [...(follows && verify ? [keyring(bakery)] : []), ...setups.files],
    links: setups.links,
    units: mergeUnits([
      mergingUnit(extensions),
      ...(follows ? updatingUnits(extensions, choice.systemd) : []),
      ...setups.units,
    ]),
    users: setups.users,
    notes: [
      ...missing.map(({ name, neededBy }) => `${neededBy} needs ${name}, which this bakery does not have`),
      ...(waits && choice.after === "advised" && extensions.length > 1
        ? ["a merge is of all images at once, and some have to wait for a boot: so all of them do"]
        : []),
      ...(follows && verify && isAtLeast(choice.systemd, BEST_BEFORE_SINCE)
        ? [
            `from ${BEST_BEFORE_SINCE} on systemd refuses an index that is past its date: the bakery has to sign anew in time`,
          ]
        : []),
    ],
  };
}

/** Without any definition in `/etc/sysupdate.d`, systemd-sysupdate.service fails. */
function noopTransfer({ systemd }: Choice, { url }: ConfiguredBakery): ConfiguredFile {
  const contents = isAtLeast(systemd, TRANSFER_SUFFIX_SINCE)
    ? { text: NOOP_TRANSFER }
    : { url: `${url}/extensions/noop.conf` };
  return { path: `/etc/sysupdate.d/noop.${transferSuffix(systemd)}`, mode: 0o644, contents };
}

function keyring({ url, keyringSha256: sha256 }: ConfiguredBakery): ConfiguredFile {
  return { path: KEYRING_PATH, mode: 0o644, contents: { url: `${url}/keys/import-pubring.gpg`, sha256 } };
}
