/** What `npm ci` installs: one runtime for workers, and nothing that ties the project to one registry. */
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";

const read = async (file: string) => JSON.parse(await readFile(new URL(`../${file}`, import.meta.url), "utf8"));
const { packages } = (await read("package-lock.json")) as { packages: Record<string, { version: string }> };
const { dependencies, devDependencies } = await read("package.json");

it("installs one workerd, the one that wrangler, miniflare and the tests agree on", () => {
  const runtimes = Object.keys(packages).filter((path) => /(^|\/)(workerd|@cloudflare\/workerd-linux-64)$/.test(path));
  expect(runtimes.sort()).toEqual(["node_modules/@cloudflare/workerd-linux-64", "node_modules/workerd"]);
});

it("names the packages that the project is made with, each at one version", () => {
  const wanted = { ...dependencies, ...devDependencies };
  expect(Object.keys(wanted)).toEqual(
    expect.arrayContaining(["wrangler", "hono", "itty-router", "@cloudflare/workers-types", "miniflare", "vitest"]),
  );
  for (const [name, version] of Object.entries(wanted)) {
    if (name === "@types/node") continue;
    expect(packages[`node_modules/${name}`]?.version, name).toBe(version);
  }
});

it("does not say where packages come from", async () => {
  expect(await readFile(new URL("../package-lock.json", import.meta.url), "utf8")).not.toContain('"resolved"');
});
