/** Two runs of the release workflow at once, on machines of their own, for one place: the schedule and somebody's hand. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { EXTENSIONS_FOLDER } from "../../../builder/catalog.ts";
import { SigningKey } from "../../../builder/signing/signing-key.ts";
import { parseInventory } from "../../../schema/index.ts";
import type { LocalBakery } from "../../../scripts/local-bakery.ts";
import { Workplace } from "../../support/bakery.ts";
import { localBakery } from "../../support/local-bakery.ts";
import { GithubStandIn, REPOSITORY } from "../../support/upstreams/github-releases.ts";

const DOOR = pathToFileURL(join(EXTENSIONS_FOLDER, "../builder/recipe/index.ts")).href;
const EXTENSIONS = ["one", "two", "three"];

let bakery: LocalBakery;
let signingKey: string;
beforeAll(async () => {
  signingKey = await SigningKey.generate({ name: "Acme", email: "bakery@example.org" });
  const { keyring } = await SigningKey.open(signingKey);
  const SIGNING_KEYRING = Buffer.from(keyring.bytes).toString("base64");
  bakery = await localBakery({ vars: { SIGNING_KEYRING, INDEX_TTL_SECONDS: "0", INDEX_SETTLE_SECONDS: "0" } });
}, 60_000);
afterAll(() => bakery.stop());

async function checkout(): Promise<Workplace> {
  const workplace = await Workplace.open();
  for (const name of EXTENSIONS) {
    await mkdir(workplace.file(`extensions/${name}`), { recursive: true });
    const fields = `versions: fixed("1.0.0"), tree: () => [file("usr/bin/${name}", "#!/bin/sh", 0o755)], provides: ["usr/bin/${name}"]`;
    const recipe = `import { defineExtension, file, fixed } from "${DOOR}";
export default defineExtension({ description: "d", homepage: "https://example.org", ${fields} });
`;
    await writeFile(workplace.file(`extensions/${name}/recipe.ts`), recipe);
  }
  return workplace;
}

it("both end well, each release is published once, and every index names it", async () => {
  await using first = await checkout();
  await using second = await checkout();
  const run = (workplace: Workplace, ...args: string[]) =>
    workplace.run(args, {
      BAKERY_EXTENSIONS: workplace.file("extensions"),
      BAKERY_TOKEN: bakery.token,
      BAKERY_URL: bakery.url,
      BAKERY_SIGNING_KEY: signingKey,
    });
  const nights = await Promise.all(
    [first, second].map((workplace) => run(workplace, "release", "--missing", "--no-test", "--to", bakery.url)),
  );
  expect(nights.map(({ exitCode, stderr }) => [exitCode, /^error.*/ms.exec(stderr)?.[0]])).toEqual([
    [0, undefined],
    [0, undefined],
  ]);
  for (const name of EXTENSIONS) {
    const inventory = await (await fetch(`${bakery.url}/extensions/${name}/releases.json`)).text();
    expect(parseInventory(inventory).releases.map(({ version }) => version)).toEqual(["1.0.0"]);
  }
  const examined = await run(first, "doctor", bakery.url);
  expect(examined).toMatchObject({ exitCode: 0 });
  expect(examined.stdout.match(/^(?:one|two|three) +1 +2 +yes /gm)).toHaveLength(3);
  expect(JSON.parse((await run(second, "missing", "--in", bakery.url, "--json")).stdout).missing).toEqual([]);
}, 60_000);

it("on GitHub, too, both end well, and no line is lost", async () => {
  await using github = await GithubStandIn.open();
  await using first = await checkout();
  await using second = await checkout();
  const to = `github:${REPOSITORY}`;
  const run = (workplace: Workplace, ...args: string[]) =>
    workplace.run(args, {
      ...github.env,
      BAKERY_EXTENSIONS: workplace.file("extensions"),
      BAKERY_SIGNING_KEY: signingKey,
    });
  const nights = await Promise.all(
    [first, second].map((workplace) => run(workplace, "release", "--missing", "--no-test", "--to", to)),
  );
  expect(nights.map(({ exitCode, stderr }) => [exitCode, /^error.*/ms.exec(stderr)?.[0]])).toEqual([
    [0, undefined],
    [0, undefined],
  ]);
  for (const tag of [...EXTENSIONS, "SHA256SUMS"]) {
    expect(github.repository.releases.filter((release) => release.tag === tag)).toHaveLength(1);
  }
  const index = String(await github.download("SHA256SUMS/SHA256SUMS"));
  expect(index.match(/^[0-9a-f]{64} {2}(?:one|two|three)-1\.0\.0-(?:x86-64|arm64)\.raw$/gm)).toHaveLength(6);
  expect(JSON.parse((await run(second, "missing", "--in", to, "--json")).stdout).missing).toEqual([]);
}, 60_000);
