/** `mirror`: a copy of a bakery that any web server can host, for machines that reach no other. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { isMinorSeries } from "../../schema/index.ts";
import { errorValue } from "../describe-error.ts";
import { type Mirrored, mirror } from "../mirror/mirror.ts";
import { MirrorFolder } from "../mirror/mirror-folder.ts";
import { MirrorMemory } from "../mirror/mirror-state.ts";
import { UpstreamBakery } from "../mirror/upstream-bakery.ts";
import { readKeyring } from "../publish/target.ts";
import { SigningKey } from "../signing/signing-key.ts";
import { BakeryError, UsageError, UserError } from "../system/errors.ts";
import { formatBytes, formatTable } from "../system/format.ts";
import { type Cli, command, type Outcome } from "./command.ts";
import { parseArch, parseBakeryUrl, parseCount, parseExtensionName } from "./options.ts";

export function mirrorCommand(cli: Cli): Command {
  return command<[string, string]>(
    cli,
    "mirror <bakery> <folder>",
    "copy a bakery into a folder that any web server can host; run again, it brings what is new",
    async (options, from, to) => {
      const { extension, version, series, newest, arch, keyring, unsigned, url, prune, json } = options;
      if (unsigned && keyring !== undefined) throw new UsageError("--keyring and --unsigned exclude each other");
      const { env, cwd, progress, signal } = cli;
      const file = unsigned ? undefined : (keyring ?? env.BAKERY_KEYRING);
      const ring = file ? await readKeyring(resolve(cwd, file)) : undefined;
      const folder = new MirrorFolder(resolve(cwd, to));
      const bakeryUrl = parseBakeryUrl(from);
      const outcome = await mirror({
        bakery: new UpstreamBakery({ url: bakeryUrl, http: cli.upstreams.http, keyring: ring, unsigned, signal }),
        folder,
        memory: new MirrorMemory(folder.root),
        extensions: [...new Set<string>(extension)].sort(),
        selection: { versions: version, series, newest, arches: arch },
        ownUrl: url,
        key: await SigningKey.from(env),
        keyring: ring,
        prune,
        progress,
        signal,
      });
      return report(cli, outcome, json);
    },
  )
    .option("--extension <name>", "only this one; may be repeated", append(parseExtensionName), [])
    .option("--version <pattern>", "only versions like this, `v1.34.*`; may be repeated", append(String), [])
    .option(
      "--series <series>",
      "only versions of this minor series, `v1.34`; may be repeated",
      append(parseSeries),
      [],
    )
    .option("--newest <count>", "only so many of the newest releases of each extension", parseCount)
    .option("--arch <arch>", "only images for this architecture; may be repeated", append(parseArch), [])
    .option("--keyring <file>", "the keys that indexes must be signed by (default: BAKERY_KEYRING)")
    .option("--unsigned", "copy what nobody has signed, and signatures without looking at them", false)
    .option("--url <url>", "where the mirror will be: transfer files name it instead of the bakery", parseBakeryUrl)
    .option("--prune", "remove what no index has named since the run before, and extensions that are not chosen", false)
    .addHelpText(
      "after",
      `
Each image is held against the index, and the index against the keyring. An index stays as it is signed where the
mirror has all that it names: so of whole extensions, and of whole minor series. Of anything less there is an index
without signature, which machines refuse whose transfer file says Verify=true; or, where BAKERY_SIGNING_KEY has a key
(BAKERY_SIGNING_PASSPHRASE unlocks it), one that the mirror has signed. The keyring for machines is in keys/.

An extension that cannot be mirrored keeps its index, and the others are mirrored all the same; the exit code is 1 then.
Transfer files stay as they are published, and name the bakery; with --url they name the mirror.

Examples:
  ./bakery mirror https://extensions.example.org /srv/www --keyring import-pubring.gpg --url http://mirror.lan
  ./bakery mirror https://extensions.flatcar.org /srv/www --extension kubernetes --series v1.34 --arch x86-64`,
    );
}

function report(cli: Cli, { extensions, failed, pruned }: Mirrored, json: boolean): Outcome {
  const value = {
    extensions: extensions.map(({ isNew, ...told }) => told),
    failed: failed.map(({ extension, error }) => ({ extension, error: errorValue(error) })),
    pruned,
  };
  const rows = extensions.map(({ extension, releases, images, fetched, signed }) => [
    extension,
    String(releases),
    String(images),
    fetched.images === 0 ? "-" : `${fetched.images} images, ${formatBytes(fetched.bytes)}`,
    signed,
  ]);
  const table = formatTable([["EXTENSION", "RELEASES", "IMAGES", "FETCHED", "SIGNED BY"], ...rows]);
  const text = table + pruned.map((path) => `removed ${path}\n`).join("");
  if (failed.length === 0) return { value, text };
  if (!json) cli.stdout.write(text);
  throw failureOf(failed, failed.length + extensions.length, value);
}

function failureOf(failed: Mirrored["failed"], all: number, value: unknown): UserError {
  const again = "their indexes are as they were; run it again: it goes on";
  const [{ extension, error } = {}, ...others] = failed;
  if (error !== undefined && others.length === 0) {
    const { details = {}, hint = again } = error instanceof BakeryError ? error : {};
    return new UserError(`${extension} was not mirrored: ${error.message}`, { details, hint, cause: error, value });
  }
  return new UserError(`${failed.length} of ${all} extensions were not mirrored`, {
    details: Object.fromEntries(failed.map((one) => [one.extension, one.error.message])),
    hint: again,
    value,
  });
}

function parseSeries(value: string): string {
  if (!isMinorSeries(value)) throw new UsageError(`no minor series: ${value}`, { hint: "v1.34, as versions spell it" });
  return value;
}

function append<T>(parse: (value: string) => T) {
  return (value: string, before: readonly T[]): T[] => [...before, parse(value)];
}
