/** The launcher, in a copy of what a fresh clone has: installs once, and says why where it cannot. */
import { chmod, copyFile, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { execute } from "../support/execute.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** An npm that writes down its calls, and installs a node that prints its arguments. */
const NPM = `#!/bin/sh
echo "npm $*" >> calls
echo "npm talks"
mkdir -p node_modules/.bin
printf '#!/bin/sh\\necho "node $*"\\n' > node_modules/.bin/node
chmod +x node_modules/.bin/node
`;

let clone: string;

beforeEach(async () => {
  clone = await mkdtemp(join(tmpdir(), "clone of it-"));
  await mkdir(join(clone, "bin"));
  await cp(join(ROOT, "scripts/with-node"), join(clone, "scripts/with-node"), { recursive: true });
  await copyFile(join(ROOT, "bakery"), join(clone, "bakery"));
  await writeFile(join(clone, "package-lock.json"), "1");
  await npm(NPM);
});
afterEach(() => rm(clone, { recursive: true }));

async function npm(script: string): Promise<void> {
  await writeFile(join(clone, "bin/npm"), script);
  await chmod(join(clone, "bin/npm"), 0o755);
}

const bakery = (...args: string[]) =>
  execute(join(clone, "bakery"), args, { env: { PATH: `${join(clone, "bin")}:/usr/bin:/bin` }, cwd: tmpdir() });

it("installs what the lock file names on the first run, and not again", async () => {
  expect(await bakery("list", "--plain")).toMatchObject({
    exitCode: 0,
    stdout: `node --max-semi-space-size=1 --no-incremental-marking ${clone}/builder/cli.ts list --plain\n`,
    stderr: "• Installing Node packages\nnpm talks\n",
  });
  expect((await bakery("list")).stderr).toBe("");
  expect(await readFile(join(clone, "calls"), "utf8")).toMatch(/^npm ci [^\n]*\n$/);
});

it("installs again when the lock file has changed", async () => {
  await bakery("list");
  await writeFile(join(clone, "package-lock.json"), "2");
  expect((await bakery("list")).stderr).toContain("Installing");
});

it("works through a symlink from elsewhere", async () => {
  await symlink(join(clone, "bakery"), join(clone, "bin/bakery-link"));
  const { stdout } = await execute(join(clone, "bin/bakery-link"), ["list"], {
    env: { PATH: `${join(clone, "bin")}:/usr/bin:/bin` },
  });
  expect(stdout).toBe(`node --max-semi-space-size=1 --no-incremental-marking ${clone}/builder/cli.ts list\n`);
});

it("says so where npm fails, and tries again the next time", async () => {
  await npm("#!/bin/sh\necho 'npm error no network' >&2\nexit 1\n");
  expect(await bakery("list")).toMatchObject({
    exitCode: 1,
    stdout: "",
    stderr: expect.stringContaining("npm error no network\nerror: the Node packages cannot be installed\nhint: "),
  });
  await npm(NPM);
  expect((await bakery("list")).exitCode).toBe(0);
});
