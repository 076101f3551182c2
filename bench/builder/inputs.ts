/** What the builder is measured on: real programs, as upstreams offer them, and a recipe that takes them. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { cp, mkdir, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolderFrom } from "../../builder/bake/fetch/cache.ts";
import { run } from "../../builder/system/run.ts";
import { Spool } from "../../builder/system/spool.ts";
import { upstreamsFrom } from "../../builder/versions/upstreams.ts";
import { unpackDebian } from "../../test/support/debian.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MODULES = join(ROOT, "node_modules");
const DEBIAN = join(ROOT, ".cache/bench-debian");
export const HOST = "files.example";

/** A file that upstream offers. */
export interface Input {
  readonly file: string;
  readonly sha256: string;
  readonly size: number;
  /** As a recipe writes it. */
  readonly install: string;
  /** The reference's way: a line of sh that puts it into `root`. */
  readonly script: string;
}

/** @param folder where the files are put, to be served */
export async function prepareInputs(folder: string): Promise<Input[]> {
  if ((await stat(DEBIAN).catch(() => undefined)) === undefined) {
    await unpackDebian(DEBIAN, { suite: "bookworm", packages: ["containerd", "runc", "kubernetes-client"] });
  }
  const staged = join(folder, "staged");
  const archives = {
    "workerd.tar.gz": [join(MODULES, "workerd/bin/workerd")],
    "node.tar.gz": [join(MODULES, "node/bin/node")],
    "containerd.tar.gz": ["containerd", "containerd-shim-runc-v2", "ctr"].map((name) => join(DEBIAN, "usr/bin", name)),
  };
  const inputs: Input[] = [];
  for (const [file, programs] of Object.entries(archives)) {
    await mkdir(join(staged, file, "bin"), { recursive: true });
    for (const program of programs) await cp(program, join(staged, file, "bin", basename(program)));
    await run("tar", ["-C", join(staged, file), "--sort=name", "-czf", join(folder, file), "bin"]);
    const script = `tar -xzf ${file} -C root/usr`;
    inputs.push({ ...(await measured(folder, file)), install: 'r.extract("usr")', script });
  }
  for (const [file, program] of [
    ["kubectl", "usr/bin/kubectl"],
    ["runc", "usr/sbin/runc"],
  ] as const) {
    await cp(join(DEBIAN, program), join(folder, file));
    const script = `install -m 0755 ${file} root/usr/bin/${file}`;
    inputs.push({ ...(await measured(folder, file)), install: `r.binary("usr/bin/${file}")`, script });
  }
  return inputs;
}

/** The real packages of workerd for both architectures, and an archive of texts that both have. */
export async function prepareRelease(folder: string): Promise<Record<"x86-64" | "arm64", Input[]>> {
  const { npm, http } = upstreamsFrom(process.env, { cache: cacheFolderFrom(process.env) });
  const { version } = (await import("workerd/package.json", { with: { type: "json" } })).default;
  const packages = { "x86-64": "@cloudflare/workerd-linux-64", arm64: "@cloudflare/workerd-linux-arm64" } as const;
  await run("tar", ["-C", join(MODULES, "typescript"), "-czf", join(folder, "common.tar.gz"), "lib", "package.json"]);
  const common = { ...(await measured(folder, "common.tar.gz")), install: 'r.extract("usr/share/common")', script: "" };
  const of = async (name: string): Promise<Input[]> => {
    const file = `${basename(name)}.tgz`;
    await using spool = await Spool.open(join(folder, file), []);
    await http.download((await npm.dist(name, version)).tarball, spool);
    const install = 'r.extract("usr", { strip: 1, only: ["package/bin/workerd"] })';
    return [{ ...(await measured(folder, file)), install, script: "" }, common];
  };
  return { "x86-64": await of(packages["x86-64"]), arm64: await of(packages.arm64) };
}

/** @returns the folder for `BAKERY_EXTENSIONS`; the extension is `bench`, its version 1.0.0 */
export async function plantRecipe(folder: string, inputs: Readonly<Record<string, readonly Input[]>>): Promise<string> {
  const door = join(ROOT, "builder/recipe/index.ts");
  const downloads = Object.entries(inputs).map(([arch, list]) => {
    const entries = list.map(({ file, sha256, install }) => {
      return `{ url: "https://${HOST}/${file}", verify: r.pinned({ "1.0.0": "${sha256}" }), install: ${install} }`;
    });
    return `"${arch}": [${entries.join(", ")}]`;
  });
  const extensions = join(folder, "extensions");
  await mkdir(join(extensions, "bench"), { recursive: true });
  await writeFile(
    join(extensions, "bench/recipe.ts"),
    `import * as r from ${JSON.stringify(door)};
const downloads = { ${downloads.join(", ")} };
export default r.defineExtension({ description: "", homepage: "", versions: r.fixed("1.0.0"),
  downloads: ({ arch }) => downloads[arch], provides: ["usr/bin/workerd"] });
`,
  );
  return extensions;
}

async function measured(folder: string, file: string) {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(join(folder, file))) hash.update(piece);
  return { file, sha256: hash.digest("hex"), size: (await stat(join(folder, file))).size };
}
