/** `docs/extensions.md`: all extensions, where their versions come from, and what vouches for every byte. */
import { readdir } from "node:fs/promises";
import { scriptOf } from "../../builder/bake/build/plan-builds.ts";
import type { Keys } from "../../builder/bake/fetch/keys.ts";
import { planBake } from "../../builder/bake/plan.ts";
import type { Catalog, Extension } from "../../builder/catalog.ts";
import { parseRecordedPlanFile, RECORDED_PLANS, recordedBundles } from "../../builder/new/recorded-plan.ts";
import { nameOfSource, type Verification } from "../../builder/recipe/index.ts";
import { newestFirst } from "../../schema/index.ts";

export async function extensionsPage(catalog: Catalog): Promise<string> {
  const recorded = (await readdir(RECORDED_PLANS)).flatMap((file) => parseRecordedPlanFile(file) ?? []);
  const rows = await Promise.all(
    (await catalog.all()).map(async (extension) => {
      const versions = recorded.filter((one) => one.extension === extension.name).map(({ version }) => version);
      return rowOf(extension, versions.sort(newestFirst)[0] ?? "");
    }),
  );
  return `# Extensions

Written by \`npm run docs\` from the recipes; a test keeps it in step.

| extension | what it is | versions | verified by |
| --- | --- | --- | --- |
${rows.map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`).join("")}`;
}

async function rowOf({ name, folder, recipe }: Extension, version: string): Promise<string[]> {
  const plan = await planBake({ name, folder, recipe }, { version, arch: "x86-64", bundled: recordedBundles(recipe) });
  const downloads = plan.downloads.map(({ verify }) => verifiedBy(verify, plan.keys));
  const builds = plan.builds.flatMap((build) => {
    if (build.kind === "code") return [];
    const from = build.rootfs.kind === "debian" ? "the signatures of Debian's archive" : "the digest of its image";
    const network = scriptOf(build)?.network;
    return network === undefined ? [from] : [from, `**nothing** for what its build fetches: ${network}`];
  });
  const vouching = [...new Set([...downloads, ...builds])].join("; ") || "nothing is downloaded";
  return [`[${name}](../extensions/${name}/README.md)`, recipe.description, nameOfSource(recipe.versions), vouching];
}

function verifiedBy(verify: Verification, keys: Keys): string {
  const signer = (key: string) => `${key}'s key ${keys[key]?.map((one) => one.slice(-16)).join(", ")}`;
  switch (verify.kind) {
    case "checksum-file":
      return verify.signature === undefined
        ? "checksum file"
        : `checksum file, signed by ${signer(verify.signature.key)}`;
    case "openpgp-signature":
      return `signature by ${signer(verify.signature.key)}`;
    case "github-digest":
      return verify.otherwise === undefined
        ? "digest of GitHub's API"
        : `digest of GitHub's API; **nothing** where it states none: ${verify.otherwise.reason}`;
    case "git-commit":
      return "commit of the tag";
    case "npm-integrity":
      return "sha512 of npm's registry";
    case "pinned":
      return "sha256 in the recipe";
    case "unverified":
      return `**nothing**: ${verify.reason}`;
  }
}
