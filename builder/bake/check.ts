/** Check: refuses an extension root that would hurt a host or be of no use to it, with everything that is wrong. */
import { releaseName } from "../../schema/index.ts";
import { UserError } from "../system/errors.ts";
import { extensionReleasePath } from "./assemble.ts";
import type { ExtensionRoot } from "./extension-root.ts";
import type { Plan } from "./plan.ts";

type Check = (root: ExtensionRoot, plan: Plan) => Promise<string[]>;

const CHECKS: readonly Check[] = [onlyMergedFolders, noSbin, ownExtensionRelease, providesWhatItPromises];

/** @throws UserError that lists all problems */
export async function check(root: ExtensionRoot, plan: Plan): Promise<void> {
  const problems = (await Promise.all(CHECKS.map((one) => one(root, plan)))).flat();
  if (problems.length === 0) return;
  throw new UserError(`${releaseName(plan)} for ${plan.arch} must not ship`, {
    details: Object.fromEntries(problems.map((problem, at) => [String(at + 1), problem])),
    hint: `mend extensions/${plan.extension}/recipe.ts`,
  });
}

/** systemd-sysext merges `/usr` and `/opt`; the rest would be left out without a word. */
async function onlyMergedFolders(root: ExtensionRoot): Promise<string[]> {
  const names = await root.names();
  return names.filter((name) => name !== "usr" && name !== "opt").map((name) => `${name} is outside of usr/ and opt/`);
}

/** Where a host's `/usr/sbin` is a symlink, as Flatcar's, a folder in its place hides its programs: it will not boot. */
async function noSbin(root: ExtensionRoot): Promise<string[]> {
  return (await root.has("usr/sbin")) ? ["usr/sbin would replace the host's: install into usr/bin"] : [];
}

/** systemd-sysext looks for one file that is named after the image. */
async function ownExtensionRelease(root: ExtensionRoot, { extension }: Plan): Promise<string[]> {
  const own = extensionReleasePath(extension).split("/").at(-1);
  const names = await root.names("usr/lib/extension-release.d");
  return names
    .filter((name) => name !== own)
    .map((name) => `usr/lib/extension-release.d/${name} is another extension's`);
}

async function providesWhatItPromises(root: ExtensionRoot, { provides }: Plan): Promise<string[]> {
  const there = await Promise.all(provides.map((path) => root.has(path)));
  return provides.filter((_, at) => !there[at]).map((path) => `${path} is missing, which the recipe says it provides`);
}
