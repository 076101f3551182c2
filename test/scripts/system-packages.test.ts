/** What `npm start` and `npm test` do about programs that are missing, with an apt-get that only writes down its calls. */
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { BAKE_PACKAGES, ensureSystemPackages, TEST_PACKAGES } from "../../scripts/system-packages.ts";

const NEED = { command: "bakes-bread", package: "bread-tools", why: "bakes bread" };
const ROOT = 0;
const SOMEBODY = 1000;

let path: string;
const calls = () => readFile(join(path, "calls"), "utf8").catch(() => "");

async function program(name: string, script: string): Promise<void> {
  await writeFile(join(path, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(path, name), 0o755);
}

/** Writes down the call, with the shell's means alone: there is nothing else on this PATH. */
const RECORD = `echo "\${0##*/} $*" >> "\${0%/*}/calls"`;
/** An apt-get that brings the missing program when it is told to install. */
const APT = `${RECORD}
case "$*" in *install*) printf '#!/bin/sh\\n' > "\${0%/*}/bakes-bread"; /bin/chmod +x "\${0%/*}/bakes-bread";; esac`;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), "path-"));
});
afterEach(() => rm(path, { recursive: true }));

it("does nothing where everything is there", async () => {
  await program("bakes-bread", "");
  await program("apt-get", APT);
  await ensureSystemPackages([NEED], { path, uid: ROOT });
  expect(await calls()).toBe("");
});

it("installs what is missing as root, each package once, and says so", async () => {
  await program("apt-get", APT);
  const said: string[] = [];
  const needs = [NEED, { ...NEED, why: "slices it" }];
  await ensureSystemPackages(needs, { path, uid: ROOT, report: (line) => said.push(line) });
  expect(await calls()).toBe("apt-get update -qq\napt-get install -y -qq --no-install-recommends bread-tools\n");
  expect(said).toEqual(["• Installing bread-tools with apt"]);
});

it("installs through a sudo that asks nothing", async () => {
  await program("apt-get", APT);
  await program("true", "");
  await program("env", 'shift; exec "$@"');
  await program("sudo", `${RECORD}; shift; exec "$@"`);
  await ensureSystemPackages([NEED], { path, uid: SOMEBODY });
  expect(await calls()).toContain(
    "sudo -n env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends bread-tools\n",
  );
});

const NAMED = { message: "missing programs: bakes-bread", details: { "bakes-bread": "bakes bread" } };

it("names what is missing where nobody may install it, and the command that would", async () => {
  const named = { ...NAMED, hint: "run sudo apt-get install bread-tools" };
  await program("apt-get", APT);
  await expect(ensureSystemPackages([NEED], { path, uid: SOMEBODY })).rejects.toMatchObject(named);
  await program("sudo", `${RECORD}; echo "a password is required" >&2; exit 1`);
  await expect(ensureSystemPackages([NEED], { path, uid: SOMEBODY })).rejects.toMatchObject(named);
  expect(await calls()).not.toContain("apt-get");
});

it("names what is missing where there is no apt", async () => {
  const hint = "there is no apt-get here: install by other means what Debian has in bread-tools";
  await expect(ensureSystemPackages([NEED], { path, uid: ROOT })).rejects.toMatchObject({ ...NAMED, hint });
});

it("says what apt said where it fails", async () => {
  await program("apt-get", "echo 'E: Unable to locate package bread-tools' >&2; exit 100");
  await expect(ensureSystemPackages([NEED], { path, uid: ROOT })).rejects.toMatchObject({
    message: "cannot install bread-tools",
    details: { output: "E: Unable to locate package bread-tools" },
  });
});

it("names what is still missing where the package does not have it", async () => {
  await program("apt-get", RECORD);
  const hint = "apt-get installed bread-tools without them: see PATH";
  await expect(ensureSystemPackages([NEED], { path, uid: ROOT })).rejects.toMatchObject({ ...NAMED, hint });
});

it("finds everything that the tests need on this machine", async () => {
  await ensureSystemPackages([...BAKE_PACKAGES, ...TEST_PACKAGES]);
});
