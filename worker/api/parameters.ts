/** Parameters of the API's paths. */
import type { Context } from "hono";
import { isExtensionName, isVersion } from "../../schema/index.ts";
import type { AppEnv } from "../context.ts";
import { BadRequest } from "../errors.ts";

export function extensionOf(c: Context<AppEnv>): string {
  const name = c.req.param("extension") ?? "";
  if (!isExtensionName(name)) throw new BadRequest(`${JSON.stringify(name)} is no name of an extension`);
  return name;
}

export function versionOf(c: Context<AppEnv>): string {
  const version = c.req.param("version") ?? "";
  if (!isVersion(version)) throw new BadRequest(`${JSON.stringify(version)} is no version`);
  return version;
}
