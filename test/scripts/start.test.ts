/** `npm start` as a user runs it: serves what it baked, ends at Ctrl-C, and says what is in its way. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { parseSha256Sums } from "../../schema/index.ts";
import { Workplace } from "../support/bakery.ts";
import { execute } from "../support/execute.ts";
import { localBakery } from "../support/local-bakery.ts";
import { freePort, listening } from "../support/ports.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

class Started implements AsyncDisposable {
  output = "";
  readonly exitCode: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor(...args: string[]) {
    this.#child = spawn("./scripts/with-node", ["scripts/start.ts", ...args], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
      });
    }
    this.exitCode = new Promise((resolve) => this.#child.on("close", resolve));
  }

  interrupt(): void {
    this.#child.kill("SIGINT");
  }

  /** Nothing of a test that fails goes on serving. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.interrupt();
    await this.exitCode;
  }

  async says(text: string): Promise<void> {
    await expect.poll(() => this.output, { timeout: 150_000, interval: 200 }).toContain(text);
  }
}

it("bakes, publishes and serves, ends cleanly when it is interrupted, and is quick the next time", async () => {
  await using workplace = await Workplace.open();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const args = ["--port", String(port), "--data", workplace.path];

  await using started = new Started(...args);
  await started.says("systemd-sysext refresh && workerd --version");
  const index = await (await fetch(`${url}/extensions/workerd/SHA256SUMS`)).text();
  const newest = parseSha256Sums(index).map(({ file }) => file);
  expect(newest).toContainEqual(expect.stringMatching(/^workerd-1\.[0-9.]+-arm64\.raw$/));
  expect(started.output).toContain(`${url}/extensions/workerd/${newest[0]}`);
  expect(await (await fetch(`${url}/extensions/workerd.conf`)).text()).toContain(`Path=${url}/extensions/workerd/\n`);
  expect(await (await fetch(url)).text()).toContain(`<a href="/catalogue/workerd">workerd</a>`);

  const [page = ""] = /http:\S+\/catalogue\/\S+/.exec(started.output) ?? [];
  expect(await (await fetch(page)).text()).toMatch(/<h1>(?:<code>)?workerd</);

  // The very commands that it prints.
  const [, config = ""] = /\.\/bakery (config .*)/.exec(started.output) ?? [];
  const configured = await workplace.run(config.split(" "));
  expect(configured).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(`${url}/extensions/workerd`) });

  // What docs/start-here.md has people type: answered by this bakery, or printed by it for root to do.
  const guide = (await readFile(join(ROOT, "docs/start-here.md"), "utf8")).replaceAll("http://127.0.0.1:8787", url);
  const typed = [...guide.matchAll(/^```\n([\s\S]*?)^```$/gm)].flatMap(([, lines = ""]) => lines.trim().split("\n"));
  const asked = typed.filter((command) => /^(?:curl http|\.\/bakery )/.test(command));
  expect(asked).toHaveLength(3);
  for (const command of asked) {
    const line = command.replace("curl ", "curl --fail --silent ").replace("./bakery", join(ROOT, "bakery"));
    expect(await execute("sh", ["-c", line], { cwd: workplace.path })).toMatchObject({ exitCode: 0 });
  }
  expect(await readFile(workplace.file("workerd.sh"), "utf8")).toContain(`${url}/extensions/workerd`);
  for (const command of typed.filter((one) => !asked.includes(one) && one !== "npm start" && one !== "sh workerd.sh")) {
    expect(started.output).toContain(command);
  }

  const [, token = "", release = ""] = /BAKERY_TOKEN=(\S+) \.\/bakery publish (\S+) --to/.exec(started.output) ?? [];
  const published = await workplace.run(["publish", join(ROOT, release), "--to", url], { BAKERY_TOKEN: token });
  expect(published).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("nothing to do") });

  started.interrupt();
  expect(await started.exitCode).toBe(0);
  expect(started.output).toContain("• The bakery has stopped");
  await expect(fetch(url)).rejects.toThrow();

  // A recipe that has changed since makes other bytes of the same version.
  const local = await localBakery({ state: workplace.file(`state/${port}`) });
  const key = `${newest[0]?.replace(/-x86-64.raw$/, "")}/release.json`;
  const manifest = await (await local.bucket.get(key))?.text();
  await local.bucket.put(key, manifest?.replace(/"sha256": "..../, '"sha256": "0000') ?? "");
  await local.stop();
  await using again = new Started(...args);
  await again.says("systemd-sysext refresh && workerd --version");
  expect(again.output).not.toContain("Packing");
  expect(again.output).toContain("• Beginning workerd anew: workerd-");
  expect(await (await fetch(`${url}/extensions/workerd/SHA256SUMS`)).text()).toBe(index);
  again.interrupt();
  expect(await again.exitCode).toBe(0);
}, 180_000);

it("says at once that the port is taken, and how to take another", async () => {
  const { server, port } = await listening();
  await using started = new Started("--port", String(port));
  expect(await started.exitCode).toBe(1);
  expect(started.output).toContain(`error: port ${port} of 127.0.0.1 is taken by another program\n`);
  expect(started.output).toContain("hint: npm start -- --port 8788\n");
  expect(started.output).not.toContain("Baking");
  server.close();
});

it("refuses a port that is none", async () => {
  await using started = new Started("--port", "70000");
  expect(await started.exitCode).toBe(1);
  expect(started.output).toBe("error: --port 70000 is no port\n");
});
