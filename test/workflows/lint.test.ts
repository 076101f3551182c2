/** The workflows, by the linter that GitHub's own editors use, and by what we ask of them beside. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { validate } from "@actions/languageservice";
import { describe, expect, it } from "vitest";
import { TextDocument } from "vscode-languageserver-textdocument";
import { parse } from "yaml";

const FOLDER = fileURLToPath(new URL("../../.github/workflows", import.meta.url));
const files = await readdir(FOLDER);

let texts = 0;
/** Each with an address of its own, for what is known of an address is remembered. */
async function problemsOf(text: string): Promise<string[]> {
  texts += 1;
  const document = TextDocument.create(`file:///${texts}/workflow.yml`, "yaml", 1, text);
  return (await validate(document)).map(({ message }) => String(message));
}

it("are four: check, deploy, describe and release", () => {
  expect(files.sort()).toEqual(["check.yml", "deploy.yml", "describe.yml", "release.yml"]);
});

describe.each(files)("%s", async (file) => {
  const text = await readFile(join(FOLDER, file), "utf8");
  const { permissions, concurrency, jobs } = parse(text);

  it("has nothing that the linter minds", async () => {
    expect(await problemsOf(text)).toEqual([]);
  });

  it("uses actions by the hash of a commit, with the version beside it", () => {
    const uses = text.match(/uses: .*/g) ?? [];
    for (const one of uses) expect(one).toMatch(/^uses: actions\/[a-z-]+@[0-9a-f]{40} # v[0-9.]+$/);
    expect(uses.length).toBeGreaterThan(0);
  });

  it("may do nothing but what each job says, runs once at a time, and ends by itself", () => {
    expect(permissions).toEqual({});
    expect(concurrency.group).toBeTruthy();
    for (const job of Object.values<Record<string, unknown>>(jobs)) {
      expect(job.permissions).toEqual(
        job.environment === "release" ? { contents: "read", "id-token": "write" } : { contents: "read" },
      );
      expect(job["timeout-minutes"]).toBeGreaterThan(0);
    }
  });

  it("keeps no token in the checkout, and has one command a step, without expressions", () => {
    const steps = Object.values<{ steps: Record<string, never>[] }>(jobs).flatMap((job) => job.steps);
    for (const { uses, run, with: options } of steps as { uses?: string; run?: string; with?: object }[]) {
      if (uses?.startsWith("actions/checkout@")) expect(options).toMatchObject({ "persist-credentials": false });
      if (run !== undefined) expect(run).toMatch(/^(?:\.\/bakery|npm run|\.ci\/run|curl) ?[^\n;&|]*$/);
      expect(run ?? "").not.toContain("${{");
    }
  });
});

it.each([
  ["needs.missing.outputs.matrix != ", "needs.mising.outputs.matrix != "],
  ["steps.missing.outputs", "steps.mising.outputs"],
  ["needs: missing", "needs: mising"],
  ["runs-on:", "run-on:"],
  ["17 4 * * *", "17 4 * *"],
  ["contents: read", "contentz: read"],
])("the linter minds what is wrong: %s as %s", async (right, wrong) => {
  const text = await readFile(join(FOLDER, "release.yml"), "utf8");
  expect(await problemsOf(text.replace(right, wrong))).not.toEqual([]);
});

it("secrets are those of deployment and the signing key, and no other", async () => {
  const texts = await Promise.all(files.map((file) => readFile(join(FOLDER, file), "utf8")));
  const secrets = new Set(texts.join("").match(/secrets\.\w+/g));
  expect([...secrets].sort()).toEqual([
    "secrets.BAKERY_SIGNING_KEY",
    "secrets.CLOUDFLARE_ACCOUNT_ID",
    "secrets.CLOUDFLARE_API_TOKEN",
  ]);
});
