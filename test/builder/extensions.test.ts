/**
 * Every extension, baked for both architectures from what its upstreams publish, as far as its plan goes: synthetic
 * artefacts of the right shape. What is compiled, or comes from a distribution, other tests bake.
 */
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKey, readPrivateKey } from "openpgp";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { bake, type Kitchen } from "../../builder/bake/bake.ts";
import type { Finding } from "../../builder/bake/checks/finding.ts";
import { kitchenFrom } from "../../builder/bake/kitchen.ts";
import { type Plan, planBake } from "../../builder/bake/plan.ts";
import { Catalog, EXTENSIONS_FOLDER, type Extension } from "../../builder/catalog.ts";
import type { Contents } from "../../builder/image/contents.ts";
import { withImage } from "../../builder/image/open-image.ts";
import { parseRecordedPlanFile, RECORDED_PLANS, recordedBundles } from "../../builder/new/recorded-plan.ts";
import { unitPath } from "../../builder/recipe/host.ts";
import { ARCHES, type Arch, newestFirst } from "../../schema/index.ts";
import { Internet, NPM_HOST } from "../support/published/internet.ts";
import { Mirror } from "../support/upstreams/mirror.ts";

const TREES = new URL("../fixtures/trees/", import.meta.url).pathname;
const recorded = (await readdir(RECORDED_PLANS)).flatMap((file) => parseRecordedPlanFile(file) ?? []);
const versionsOf = (name: string) => [
  ...new Set(recorded.filter(({ extension }) => extension === name).map(({ version }) => version)),
];
const extensions = await new Catalog().all();
const DOWNLOADED = extensions.filter(({ recipe }) => recipe.build === undefined);

let place: string;
let internet: Internet;
let mirror: Mirror;
const plans = new Map<string, Plan>();

function nameOf(extension: string, version: string, arch: Arch): string {
  return `${extension} ${version} ${arch}`;
}

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "extensions-"));
  const keys = await generateKey({ userIDs: [{ name: "upstream" }], format: "armored" });
  internet = new Internet(await readPrivateKey({ armoredKey: keys.privateKey }));
  // Nobody here has those of upstreams.
  await mkdir(join(place, "_keys"));
  for (const file of await readdir(join(EXTENSIONS_FOLDER, "_keys"))) {
    await writeFile(join(place, "_keys", file), keys.publicKey);
  }
  for (const { name, folder, recipe } of extensions) {
    await symlink(folder, join(place, name));
    for (const version of versionsOf(name)) {
      for (const arch of ARCHES) {
        const bundled = recordedBundles(recipe);
        const plan = await planBake({ name, folder: join(place, name), recipe }, { version, arch, bundled });
        plans.set(nameOf(name, version, arch), plan);
        if (plan.builds.length === 0) await internet.publish(name, plan);
      }
    }
  }
  mirror = await Mirror.open(await internet.hosts());
  vi.stubEnv("npm_config_registry", `https://${NPM_HOST}/`);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await mirror[Symbol.asyncDispose]();
  await rm(place, { recursive: true });
});

function kitchen(cache = "cache") {
  return kitchenFrom({ BAKERY_MIRROR: mirror.url, BAKERY_CACHE: join(place, cache) });
}

/** One line an entry, without what follows from others: folders, and what every image has. */
function listing({ entries }: Contents): string {
  const shown = entries.filter(({ kind, path }) => kind !== "folder" && !path.includes("/extension-release.d/"));
  return shown
    .map(
      ({ kind, mode, path, target }) =>
        `${kind === "symlink" ? "link" : mode.toString(8).padStart(4, "0")} ${path}${target === undefined ? "" : ` -> ${target}`}\n`,
    )
    .join("");
}

/** As it is in the image, read back from it. */
async function baked(
  plan: Plan,
  here: Kitchen,
): Promise<{ readonly listing: string; readonly warnings: readonly Finding[] }> {
  const file = join(place, `${plan.extension}-${plan.version}-${plan.arch}.raw`);
  const { warnings } = await bake(plan, file, here);
  return withImage(file, { ...here, cwd: place }, async ({ contents }) => ({ listing: listing(contents), warnings }));
}

function planned(extension: Extension, version: string, arch: Arch): Plan {
  const plan = plans.get(nameOf(extension.name, version, arch));
  if (plan === undefined) throw new RangeError(`${extension.name} ${version} is not planned`);
  return plan;
}

describe.each(DOWNLOADED)("$name", (extension) => {
  it.each(versionsOf(extension.name))("%s has what it is to have, and nothing to complain of", async (version) => {
    // At once and in one kitchen, as releases are.
    const here = kitchen();
    const images = await Promise.all(ARCHES.map((arch) => baked(planned(extension, version, arch), here)));
    expect(images.flatMap(({ warnings }) => warnings)).toEqual([]);
    const [one, other] = images.map((image) => image.listing);
    expect(one).toBe(other);
    for (const unit of extension.recipe.host?.enable ?? []) expect(one).toContain(` ${unitPath(unit)}\n`);
    await expect(one).toMatchFileSnapshot(join(TREES, `${extension.name}-${version}.txt`));
  });

  it("does not take other bytes than upstream's", async () => {
    const [version = ""] = versionsOf(extension.name).sort(newestFirst);
    const plan = planned(extension, version, "x86-64");
    for (const [at, { url, verify }] of plan.downloads.entries()) {
      if (verify.kind === "unverified") continue;
      mirror.fail(internet.pathOf(url), "garble");
      const file = join(place, "damaged.raw");
      await expect(bake(plan, file, kitchen(`empty-${extension.name}-${at}`))).rejects.toThrow(
        /does not match its published checksum|has signed/,
      );
      mirror.recover();
    }
  });
});
