/**
 * Whole nightly runs, step by step as the workflow has them, in a clean folder: upstream makes a release, the workflow
 * finds out, bakes, tests, signs and publishes it, and a machine that follows the bakery gets it.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { SigningKey } from "../../builder/signing/signing-key.ts";
import type { LocalBakery } from "../../scripts/local-bakery.ts";
import { type ActionsTokens, actionsTokens } from "../support/actions-tokens.ts";
import { cleanCheckout } from "../support/checkout.ts";
import { guestUnavailable } from "../support/guests.ts";
import { localBakery } from "../support/local-bakery.ts";
import { Machine } from "../support/machine.ts";
import { freePort } from "../support/ports.ts";
import { describeWhere } from "../support/requirements.ts";
import { clientUnavailable, type SystemdClient, systemdClient } from "../support/systemd-client.ts";
import { FakeGitHub } from "../support/upstreams/github.ts";
import { Mirror } from "../support/upstreams/mirror.ts";
import { readWorkflow, runWorkflow, type WorkflowRun } from "../support/workflow.ts";

const RECIPE = `import { binary, defineExtension, githubAsset, githubDigest, githubReleases } from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "A tool that says its version",
  homepage: "https://example.org/tool",
  versions: githubReleases("example/tool", { prefix: "v" }),
  downloads: ({ tag, goArch }) => [
    { url: githubAsset("example/tool", tag, \`tool-\${goArch}\`), verify: githubDigest(), install: binary("usr/bin/tool") },
  ],
  provides: ["usr/bin/tool"],
  smoke: ({ version }) => [{ run: ["tool"], prints: version }],
});
`;

describeWhere((await guestUnavailable()) ?? (await clientUnavailable()), "the nightly run", () => {
  const github = new FakeGitHub();
  let client: SystemdClient;
  let tokens: ActionsTokens;
  let mirror: Mirror;
  let bakery: LocalBakery;
  let folder: string;
  let signingKey: string;

  beforeAll(async () => {
    client = await systemdClient();
    tokens = await actionsTokens(() => mirror.url);
    signingKey = await SigningKey.generate({ name: "Acme", email: "bakery@example.org" });
    const { keyring } = await SigningKey.open(signingKey);
    const port = await freePort();
    const BAKERY_URL = `http://127.0.0.1:${port}`;
    mirror = await Mirror.open({ ...github.hosts, ...tokens.hosts });
    const vars = {
      ...tokens.varsOf(BAKERY_URL, mirror.url),
      PUBLISH_TOKEN_SHA256: "",
      SIGNING_KEYRING: Buffer.from(keyring.bytes).toString("base64"),
      INDEX_TTL_SECONDS: "0",
      INDEX_SETTLE_SECONDS: "0",
    };
    bakery = await localBakery({ vars, port });
    folder = await cleanCheckout();
    await mkdir(join(folder, "extensions/tool"), { recursive: true });
    await writeFile(join(folder, "extensions/tool/recipe.ts"), RECIPE);
  }, 120_000);
  afterAll(async () => {
    await bakery.stop();
    await mirror[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  function upstreamReleases(version: string): void {
    const assets = Object.fromEntries(
      ["amd64", "arm64"].map((arch) => [`tool-${arch}`, `#!/bin/sh\necho tool ${version} ${arch}\n`]),
    );
    github.publish("example/tool", { tag: `v${version}`, assets });
  }

  async function nightly(): Promise<WorkflowRun> {
    const run = await runWorkflow(await readWorkflow(join(folder, ".github/workflows/release.yml")), {
      folder,
      contexts: (environment) => ({
        vars: { BAKERY_URL: bakery.url },
        secrets: environment === "release" ? { BAKERY_SIGNING_KEY: signingKey } : {},
        github: { workspace: folder, token: "of-github", run_id: "42" },
      }),
      env: (environment) => ({
        BAKERY_MIRROR: mirror.url,
        BAKERY_CACHE: process.env.BAKERY_CACHE ?? "",
        BAKERY_TOKEN: "",
        ...(environment === "release" && tokens.envOf(mirror.url)),
      }),
    });
    for (const step of run.steps) console.info(`$ ${step.run}\n${step.output}`);
    return run;
  }

  const failures = ({ steps }: WorkflowRun) => steps.filter(({ exitCode }) => exitCode !== 0);

  it("brings what upstream releases to machines, and does nothing where there is nothing new", async () => {
    upstreamReleases("1.0.0");
    const first = await nightly();
    expect(failures(first)).toEqual([]);
    expect(first.results).toEqual({ missing: "success", release: "success", keep: "success" });
    expect(first.steps.at(-1)?.output).toMatch(/^tool +1 +2 +yes /m);
    expect(first.summary).toMatch(/^\| tool-1\.0\.0 \| published \| x86-64 .*, arm64 .* \| [0-9]+ steps \|/m);
    const manifest = JSON.parse(await (await fetch(`${bakery.url}/extensions/tool-1.0.0/release.json`)).text());
    expect(manifest.publisher).toMatchObject({
      kind: "github-actions",
      repository: "acme/bakery",
      environment: "release",
    });

    const keyring = await (await fetch(`${bakery.url}/keys/import-pubring.gpg`)).arrayBuffer();
    const etc = await mkdtemp(join(tmpdir(), "etc-"));
    await writeFile(join(etc, "import-pubring.gpg"), new Uint8Array(keyring));
    await using machine = await Machine.following(client.withEtc(etc), bakery.url, "tool");
    expect(await machine.sysupdate("update")).toMatchObject({ exitCode: 0 });
    expect(await machine.current()).toBe("tool-1.0.0-x86-64.raw");

    mirror.arrivals.length = 0;
    github.limit = { remaining: 100, reset: Math.floor(Date.now() / 1_000) + 3_600 };
    const second = await nightly();
    expect(failures(second)).toEqual([]);
    expect(second.results).toEqual({ missing: "success", release: "skipped", keep: "success" });
    expect(github.limit.remaining).toBe(100);

    upstreamReleases("1.1.0");
    const third = await nightly();
    expect(failures(third)).toEqual([]);
    expect(third.summary).toMatch(/^\| tool-1\.1\.0 \| published /m);
    expect(await machine.sysupdate("update")).toMatchObject({ exitCode: 0 });
    expect(await machine.current()).toBe("tool-1.1.0-x86-64.raw");
    await rm(etc, { recursive: true });
    expect(await readFile(machine.imagePath("tool-1.1.0-x86-64.raw"))).not.toHaveLength(0);
  }, 240_000);
});
