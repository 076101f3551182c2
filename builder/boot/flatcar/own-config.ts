/** `--butane <file>`: a configuration of the user's, in Butane, which people write, or Ignition, which machines read. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { errorCode, rootMessage, ToolError, UsageError, UserError } from "../../system/errors.ts";
import { run } from "../../system/run.ts";
import type { IgnitionConfig } from "./ignition.ts";

const INSTALL =
  "Debian has no butane: get it from https://github.com/coreos/butane/releases, or have it translated elsewhere and give the Ignition file (.ign, .json)";

/**
 * @throws UsageError if there is no such file
 * @throws UserError for what is no such configuration; ToolError without butane, where it is needed
 */
export async function readOwnConfig(given: string, cwd: string, signal?: AbortSignal): Promise<IgnitionConfig> {
  const path = resolve(cwd, given);
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw errorCode(error) === "ENOENT"
      ? new UsageError(`no such file: ${given}`, { hint: "--butane takes a Butane file, or an Ignition file" })
      : new UserError(`${given} cannot be read: ${errorCode(error)}`, { cause: error });
  });
  if (/\.(?:ign|json)$/.test(path)) return parseIgnition(text, given);
  return parseIgnition(await translate(path, given, signal), `what butane makes of ${given}`);
}

async function translate(path: string, given: string, signal?: AbortSignal): Promise<string> {
  try {
    return await run("butane", ["--strict", "--files-dir", dirname(path), path], { signal });
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    if (error.details.output === undefined) throw new ToolError("butane is not installed", { hint: INSTALL });
    throw new UserError(`butane refuses ${given}`, { details: { output: error.details.output }, cause: error });
  }
}

function parseIgnition(text: string, name: string): IgnitionConfig {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UserError(`${name} is no JSON`, { details: { reason: rootMessage(cause) }, cause });
  }
  if (isIgnition(value)) return value;
  throw new UserError(`${name} is no Ignition configuration of version 3`, {
    details: { missing: "ignition.version" },
  });
}

function isIgnition(value: unknown): value is IgnitionConfig {
  const { ignition } = (value ?? {}) as { ignition?: { version?: unknown } };
  return typeof ignition?.version === "string" && ignition.version.startsWith("3.");
}
