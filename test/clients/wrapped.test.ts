/** Programs of real Debian trees, wrapped, packed, merged by the real systemd-sysext and run, as root and as somebody. */
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { check } from "../../builder/bake/checks/check.ts";
import { packerFor } from "../../builder/bake/pack/packer.ts";
import { planBake } from "../../builder/bake/plan.ts";
import { readTree } from "../../builder/image/contents.ts";
import { machineName } from "../../builder/image/elf.ts";
import { fixed } from "../../builder/recipe/index.ts";
import { readElfFile } from "../../builder/wrap/elf-dynamic.ts";
import { flatwrap } from "../../builder/wrap/flatwrap.ts";
import { flix } from "../../builder/wrap/flix.ts";
import { ARCHES, type Arch, UNAME_ARCH } from "../../schema/index.ts";
import { Workplace } from "../support/bakery.ts";
import { exists, unpackDebian } from "../support/debian.ts";
import { type MergedRoot, mergingUnavailable, runAsRoot } from "../support/merged.ts";
import { packFolder } from "../support/pack-folder.ts";
import { describeWhere } from "../support/requirements.ts";
import { clientUnavailable, systemdClient } from "../support/systemd-client.ts";

const CACHE = fileURLToPath(new URL("../../.cache", import.meta.url));

/** Unpacked packages: no script of theirs has run. */
async function debianTree(arch: Arch): Promise<string> {
  const root = join(CACHE, `wrapped-${arch}`);
  const packages = ["btop", "tilde"];
  if (!(await exists(root))) await unpackDebian(root, { suite: "bookworm", packages, withDependencies: true, arch });
  return root;
}

const pathsOf = { tilde: ["usr/bin/tilde"], btop: ["usr/bin/btop"] } as const;
type Name = keyof typeof pathsOf;

let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "wrapped-"));
});
afterAll(() => rm(work, { recursive: true }));

const outputOf = (name: Name, arch: Arch) => join(work, `${name}-${arch}`);
const imageOf = (name: Name, arch: Arch) => join(work, `${name}-${arch}.raw`);

/** Held against the checks that every image has to pass, and packed. */
async function pack(name: Name, arch: Arch): Promise<void> {
  const output = outputOf(name, arch);
  const folder = join(output, "usr/lib/extension-release.d");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `extension-release.${name}`), `ID=_any\nARCHITECTURE=${arch}\n`);
  const recipe = { description: "", homepage: "", versions: fixed("1.0.0"), provides: pathsOf[name] };
  const plan = await planBake({ name, folder: "/nowhere", recipe }, { version: "1.0.0", arch });
  expect(await check(await readTree(output), plan, [])).toMatchObject({ allowed: [] });
  await packFolder(packerFor("squashfs", "zstd:3"), output, imageOf(name, arch), { epoch: 0 });
}

async function wrapAll(arch: Arch): Promise<void> {
  const tree = await debianTree(arch);
  const libraries = `/usr/lib/${UNAME_ARCH[arch]}-linux-gnu`;
  const paths = ["/usr/bin/tilde", `${libraries}/transcript1`, `${libraries}/libt3widget`];
  const { warnings } = await flix({ tree, name: "tilde", paths, arch }, outputOf("tilde", arch));
  // Debian only recommends what that module needs.
  expect(warnings).toEqual([expect.stringContaining("libt3widget2-x11.mod cannot be loaded: libxcb.so.1")]);
  await flatwrap({ tree, name: "btop", paths: ["/usr/bin/btop"] }, outputOf("btop", arch));
  for (const name of ["tilde", "btop"] as const) await pack(name, arch);
}

describeWhere((await clientUnavailable()) ?? (await mergingUnavailable()), "programs of a Debian tree, merged", () => {
  const somebody = "setpriv --reuid=65534 --regid=65534 --clear-groups";
  const libraries = "/usr/lib/x86_64-linux-gnu";
  const commands = {
    tilde: "tilde --version",
    "tilde as somebody": `${somebody} tilde --version`,
    "tilde, misused": "tilde --nonsense",
    "tilde's libraries": "LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu LD_TRACE_LOADED_OBJECTS=1 tilde",
    "a module's libraries": `/usr/local/tilde/ld-linux-x86-64.so.2 --list ${libraries}/transcript1/iso8859151999.ltc`,
    btop: "btop --version",
    "btop as somebody": `${somebody} btop --version`,
    "btop as somebody, without bubblewrap": `NOBWRAP=1 ${somebody} btop --version`,
    "btop, misused": "btop --nonsense",
    "btop as somebody, misused": `${somebody} btop --nonsense`,
    "btop as somebody, without bubblewrap, misused": `NOBWRAP=1 ${somebody} btop --nonsense`,
  };
  let merged: MergedRoot;
  const ran = (name: keyof typeof commands) => merged.ran[Object.keys(commands).indexOf(name)];

  beforeAll(async () => {
    await wrapAll("x86-64");
    const images = { tilde: imageOf("tilde", "x86-64"), btop: imageOf("btop", "x86-64") };
    merged = await runAsRoot(await systemdClient(), images, Object.values(commands));
  }, 240_000);

  it("are there", () => {
    expect([...merged.extensions].sort()).toEqual(["btop", "tilde"]);
  });

  it.each(["tilde", "tilde as somebody"] as const)("%s runs", (name) => {
    expect(ran(name)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^Tilde version 1\.1\.2\n/),
      stderr: "",
    });
  });

  it.each(["tilde's libraries", "a module's libraries"] as const)("%s are its own, whatever the host has", (name) => {
    const { stdout = "", exitCode } = ran(name) ?? {};
    const found = [...stdout.matchAll(/=> (?<path>\S+)/g)].map(({ groups }) => groups?.path ?? "");
    expect(exitCode).toBe(0);
    expect(found.length).toBeGreaterThan(0);
    expect(found.filter((path) => !path.startsWith("/usr/local/tilde/"))).toEqual([]);
  });

  it.each(["btop", "btop as somebody", "btop as somebody, without bubblewrap"] as const)("%s runs", (name) => {
    expect(ran(name)).toEqual({ exitCode: 0, stdout: "btop version: 1.2.13\n", stderr: "" });
  });

  it.each([
    "tilde, misused",
    "btop, misused",
    "btop as somebody, misused",
    "btop as somebody, without bubblewrap, misused",
  ] as const)("%s, says so itself, with an exit code of its own", (name) => {
    const { exitCode, stdout = "", stderr = "" } = ran(name) ?? {};
    expect(exitCode).toBe(1);
    expect(stdout + stderr).toContain("nonsense");
  });

  it("leave nothing mounted", () => {
    expect(merged.mounts.before).toContain(" /usr overlay ro,");
    expect(merged.mounts.after).toBe(merged.mounts.before);
  });

  it("are as small as they can be", async () => {
    const sizes = await Promise.all(
      (["tilde", "btop"] as const).map(async (name) => (await stat(imageOf(name, "x86-64"))).size),
    );
    for (const size of sizes) expect(size).toBeLessThan(16 * 1024 ** 2);
  });
});

describeWhere(await clientUnavailable(), "programs of another arch's tree", () => {
  beforeAll(() => wrapAll("arm64"), 240_000);

  it("are wrapped as this one's are, and their images say so", async () => {
    await using workplace = await Workplace.open();
    for (const name of ["tilde", "btop"] as const) {
      const { stdout, exitCode } = await workplace.run(["inspect", imageOf(name, "arm64"), "--json"]);
      expect(exitCode).toBe(0);
      const { entries, release } = JSON.parse(stdout) as {
        entries: { path: string; arch?: string }[];
        release: object;
      };
      expect(release).toEqual({ ID: "_any", ARCHITECTURE: "arm64" });
      expect([...new Set(entries.flatMap(({ arch }) => arch ?? []))]).toEqual(["arm64"]);
      expect(entries.map(({ path }) => path)).toEqual(expect.arrayContaining([...pathsOf[name]]));
    }
  });

  it("have their own interpreter and libraries", async () => {
    const home = "usr/local/tilde";
    for (const path of [
      "usr/bin/tilde",
      `${home}/libc.so.6`,
      `${home}/libt3widget.so.2`,
      "usr/lib/aarch64-linux-gnu/transcript1/utf7.ltc",
    ]) {
      const elf = await readElfFile(join(outputOf("tilde", "arm64"), path), path);
      expect(elf && machineName(elf), path).toBe("arm64");
      expect(elf?.dynamic, path).toMatchObject({ rpath: [`/${home}`], runpath: [], noDefaultFolders: true });
      if (path === "usr/bin/tilde") expect(elf?.interpreter).toBe(`/${home}/ld-linux-aarch64.so.1`);
      for (const name of elf?.dynamic?.needed ?? [])
        expect(await exists(join(outputOf("tilde", "arm64"), home, name)), name).toBe(true);
    }
  });

  it("are refused where they are asked for as this one's", async () => {
    const tree = await debianTree("arm64");
    const asked = flix({ tree, name: "tilde", paths: ["/usr/bin/tilde"], arch: "x86-64" }, join(work, "refused"));
    await expect(asked).rejects.toThrow("/usr/bin/tilde is for arm64, not for x86-64");
    expect(ARCHES).toHaveLength(2);
  });
});
