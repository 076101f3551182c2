/** Real processes that publish: killed at any moment, and several at once. */
import { spawn } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { SigningKey } from "../../../builder/signing/signing-key.ts";
import { measureFile } from "../../../builder/system/digest.ts";
import { isBestBefore, parseInventory, parseSha256Sums } from "../../../schema/index.ts";
import { FIXTURES, Workplace } from "../../support/bakery.ts";

const PROGRAM = fileURLToPath(new URL("publish-to-folder.ts", import.meta.url));
const KILLER = fileURLToPath(new URL("kill-at-write.ts", import.meta.url));

/** Bakes a release of the greeter under any name, into a folder of its own. */
async function bake(workplace: Workplace, name: string, version: string): Promise<string> {
  const folder = `${name}-${version}`;
  await mkdir(workplace.file(folder));
  const file = join(folder, `${name}-${version}-x86-64`);
  const args = ["create", "greeter", version, "--name", name, "--output-file", file, "--sysupdate"];
  expect(await workplace.run(args, { BAKERY_EXTENSIONS: FIXTURES })).toMatchObject({ exitCode: 0 });
  return join(folder, `${name}.release.json`);
}

function publish(workplace: Workplace, release: string, env: NodeJS.ProcessEnv = {}): Promise<number | string | null> {
  const args = ["--import", KILLER, PROGRAM, release];
  const child = spawn(process.execPath, args, {
    cwd: workplace.path,
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
  return new Promise((resolve) => child.on("close", (code, signal) => resolve(signal ?? code)));
}

/** Without what differs from process to process. */
async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.map((name) => name.replace(/\.\d+(-[0-9a-f]+)?$/, "")).sort();
}

/** Holds every line of every index against the file that a client would get. */
async function checkIndexes(workplace: Workplace): Promise<string[]> {
  const site = workplace.file("site");
  const names = await readdir(site, { recursive: true }).catch(() => []);
  const named: string[] = [];
  for (const index of names.filter((name) => name.endsWith("SHA256SUMS"))) {
    const lines = parseSha256Sums(await readFile(join(site, index), "utf8"));
    for (const { file, sha256 } of lines.filter((line) => !isBestBefore(line))) {
      const extension = file.slice(0, file.lastIndexOf("-", file.indexOf(".")));
      expect(await measureFile(join(site, "extensions", extension, file))).toMatchObject({ sha256 });
      named.push(`${index} ${file}`);
    }
  }
  return named.sort();
}

async function newsOf(workplace: Workplace): Promise<string[]> {
  const { items } = JSON.parse(await readFile(workplace.file("site/feed.json"), "utf8"));
  return items.map(({ title }: { title: string }) => title);
}

it("killed in the middle of any write, it leaves indexes that are true, and the next run completes the publication", async () => {
  await using workplace = await Workplace.inMemory();
  const armored = await SigningKey.generate({ name: "x", email: "x@example.org" });
  const { keyring } = await SigningKey.open(armored);
  const key = { BAKERY_SIGNING_KEY: armored };
  // Of the other one's lines, only the signature of the global index says that they were signed.
  for (const name of ["greeter", "other"]) {
    expect(await publish(workplace, await bake(workplace, name, "1.0.0"), key)).toBe(0);
  }
  await rm(workplace.file("site/extensions/other/releases.json"));
  const second = await bake(workplace, "greeter", "1.2.0");
  await cp(workplace.file("site"), workplace.file("before"), { recursive: true });
  const replace = async (site: string) => {
    await rm(workplace.file("site"), { recursive: true });
    await cp(workplace.file(site), workplace.file("site"), { recursive: true });
  };
  const copies = workplace.file("killed");
  await mkdir(copies);
  expect(await publish(workplace, second, { ...key, COPIES: copies, OF: workplace.file("site") })).toBe(0);
  const complete = await checkIndexes(workplace);
  const changes = (await readdir(copies)).length;
  expect(changes).toBeGreaterThan(15);

  for (let change = 1; change <= changes; change++) {
    if (change % 10 === 0) {
      // Control: a process that is really killed there leaves just that.
      await replace("before");
      expect(await publish(workplace, second, { ...key, KILL_AT: String(change) })).toBe("SIGKILL");
      expect(await namesIn(workplace.file("site"))).toEqual(await namesIn(join(copies, String(change))));
    }
    await replace(`killed/${change}`);
    await checkIndexes(workplace);
    // What completes it needs no process of its own.
    expect(await workplace.run(["publish", second, "--to", "site"], key)).toMatchObject({ exitCode: 0 });
    expect(await checkIndexes(workplace)).toEqual(complete);
    expect(await newsOf(workplace)).toEqual(["greeter 1.2.0", "other 1.0.0", "greeter 1.0.0"]);
    for (const index of ["SHA256SUMS", "greeter/SHA256SUMS"]) {
      const [text, signature] = await Promise.all(
        ["", ".gpg"].map((suffix) => readFile(workplace.file(`site/extensions/${index}${suffix}`))),
      );
      expect(await keyring.verify(String(text), signature?.toString("base64") ?? ""), index).toBe(true);
    }
  }
  const inventory = await readFile(workplace.file("site/extensions/greeter/releases.json"), "utf8");
  expect(parseInventory(inventory).releases.map(({ version }) => version)).toEqual(["1.2.0", "1.0.0"]);
}, 120_000);

it("several at once, for different extensions, all end up in the global index", async () => {
  await using workplace = await Workplace.inMemory();
  const releases = await Promise.all(["alpha", "beta", "gamma"].map((name) => bake(workplace, name, "1.0.0")));
  expect(await Promise.all(releases.map((release) => publish(workplace, release)))).toEqual([0, 0, 0]);
  const named = await checkIndexes(workplace);
  expect(named.filter((line) => line.startsWith("extensions/SHA256SUMS "))).toHaveLength(3);
});
