/** The profile of an extension, as its recipe and its README have it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type ExtensionProfile,
  InvalidInput,
  minorSeries,
  type Provenance,
  parseExtensionProfile,
  type ReleaseManifest,
} from "../../schema/index.ts";
import type { Extension } from "../catalog.ts";
import { adviceOf } from "../configuration/advice.ts";
import { errorCode, UserError } from "../system/errors.ts";

/** Written by `npm run docs` for those who read the file; whoever has a profile makes a configuration of it. */
const CONFIGURATIONS = /<!-- butane [^>]*-->.*?<!-- \/butane -->\n*/gs;

type Described = Pick<ReleaseManifest, "version" | "transfers"> & {
  readonly provenance: Pick<Provenance, "downloads" | "imported">;
};

/**
 * Of the release it says what that has, and not what the recipe would make: others may have made it.
 * @param release the newest that there is of it, or that is about to be
 * @throws UserError naming the field of the recipe that no profile can have
 */
export async function profileOf({ name, folder, recipe }: Extension, release: Described): Promise<ExtensionProfile> {
  const { description, homepage, kind } = recipe;
  const { version, provenance } = release;
  const { host } = adviceOf(recipe);
  const profile = {
    schemaVersion: 1,
    extension: name,
    version,
    description,
    homepage,
    kind,
    // Of what was imported nobody knows what it was made of.
    verifiedBy: provenance.imported
      ? undefined
      : [...new Set(provenance.downloads.map(({ verifiedBy }) => verifiedBy))].sort(),
    readme: (await readme(folder)).replace(CONFIGURATIONS, ""),
    transfers: transferKinds(name, release),
    host,
  };
  try {
    // As it will be read again: without what is undefined.
    return parseExtensionProfile(JSON.stringify(profile));
  } catch (cause) {
    if (!(cause instanceof InvalidInput)) throw cause;
    throw new UserError(`the recipe of ${name} has what no profile can have`, {
      details: { field: cause.problem },
      hint: "mend the recipe or its README.md",
      cause,
    });
  }
}

function transferKinds(name: string, { version, transfers }: Described): ExtensionProfile["transfers"] {
  const has = (file: string) => transfers.some((transfer) => transfer.file === file);
  return [
    ...(has(`${name}.conf`) ? (["every-version"] as const) : []),
    ...(has(`${name}-${minorSeries(version)}.conf`) ? (["patch-level"] as const) : []),
  ];
}

async function readme(folder: string): Promise<string> {
  return readFile(join(folder, "README.md"), "utf8").catch((error) => {
    if (errorCode(error) === "ENOENT") return "";
    throw error;
  });
}
