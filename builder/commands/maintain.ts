/** What maintainers do to what is published: `yank`, `prune`. Each ends with indexes that say so. */
import type { Command } from "commander";
import { checkExtensionName, parseRestored, parseSwept, parseWithdrawn } from "../../schema/index.ts";
import { BakeryApi } from "../publish/bakery-api.ts";
import { credentialsFrom } from "../publish/credentials.ts";
import { releasePath } from "../publish/paths.ts";
import { bakeryPublisher, bakeryUrl, signingPolicy } from "../publish/target.ts";
import { UsageError } from "../system/errors.ts";
import { type Cli, command, type Outcome } from "./command.ts";
import { parseCount, parseVersion, SIGNING_HELP } from "./options.ts";

const TO = ["--to <url>", "the bakery's URL"] as const;

export function yankCommand(cli: Cli): Command {
  return command<[string, string]>(
    cli,
    "yank <extension> <version>",
    "withdraw a release: machines get it no more, its files stay; --undo lists it again",
    async ({ to, reason, undo }, extension, version) => {
      const path = `${releasePath({ extension: checkName(extension), version: parseVersion(version) })}/yank`;
      if (!undo && !reason) throw new UsageError("--reason is missing", { hint: "people will ask why it is gone" });
      const api = apiOf(cli, to);
      const body = () => JSON.stringify({ reason });
      const changed = undo
        ? (await api.send({ method: "DELETE", path }, parseRestored)).restored
        : (await api.send({ method: "POST", path, body, headers: JSON_BODY }, parseWithdrawn)).withdrawn;
      return indexAnew(cli, to, extension, { [undo ? "restored" : "withdrawn"]: changed });
    },
  )
    .requiredOption(...TO)
    .option("--reason <text>", "why, for the people who look for it")
    .option("--undo", "list it again", false)
    .addHelpText("after", `\n${SIGNING_HELP}`);
}

export function pruneCommand(cli: Cli): Command {
  return command<[string]>(
    cli,
    "prune <extension>",
    "delete all but the newest releases: out of the index at once, their files a day later, by the next prune",
    async ({ to, keep }, extension) => {
      const api = apiOf(cli, to);
      const name = checkName(extension);
      const request = { method: "POST", headers: JSON_BODY } as const;
      const body = () => JSON.stringify({ keep });
      const { withdrawn } = await api.send({ ...request, path: `${name}/prune`, body }, parseWithdrawn);
      const indexed = await indexAnew(cli, to, name, { withdrawn });
      const swept = await api.send({ ...request, path: `${name}/sweep` }, parseSwept);
      const waiting = swept.waiting.map(
        ({ version, until }) => `${version}: files stay until ${until ?? "no index names it"}\n`,
      );
      const deleted = swept.deleted.map((version) => `${version}: deleted\n`);
      return { value: { ...Object(indexed.value), ...swept }, text: [indexed.text, ...waiting, ...deleted].join("") };
    },
  )
    .requiredOption(...TO)
    .requiredOption("--keep <count>", "how many of the newest releases stay", parseCount)
    .addHelpText("after", `\n${SIGNING_HELP}`);
}

export const UNCHANGED = "the indexes say so already\n";
const JSON_BODY = { "content-type": "application/json" } as const;

export async function indexAnew(
  cli: Cli,
  to: string,
  extension: string,
  done: Readonly<Record<string, readonly string[]>>,
  signsAll = false,
): Promise<Outcome> {
  const policy = await signingPolicy(cli, { signsAll });
  const publisher = bakeryPublisher(to, cli, { policy });
  const { changed, effectiveAt } = await publisher.putIndexes(extension);
  const what = Object.entries(done).flatMap(([how, versions]) => versions.map((version) => `${version}: ${how}\n`));
  const isLater = effectiveAt > cli.now().getTime();
  const when = isLater ? `, in effect from ${new Date(effectiveAt).toISOString()} on` : "";
  const indexes = changed.length === 0 ? UNCHANGED : `changed: ${changed.join(", ")}${when}\n`;
  return {
    value: { ...done, changed, ...(isLater && { effectiveAt: new Date(effectiveAt) }) },
    text: what.join("") + indexes,
  };
}

function apiOf({ env, signal }: Cli, to: string): BakeryApi {
  const url = bakeryUrl(to);
  return new BakeryApi({ url, credentials: credentialsFrom(env, url), signal });
}

export function checkName(name: string): string {
  try {
    return checkExtensionName(name);
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
