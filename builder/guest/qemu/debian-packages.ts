/** Packages of Debian with all that they need, unpacked and not installed: needs no root, and changes nothing here. */
import { toolPath } from "../../bake/pack/tool.ts";
import { run } from "../../system/run.ts";
import { type DebianTree, debianSource } from "../debian-tree.ts";

/** @param folder where they are to be; it is not there yet */
export async function extractPackages(
  folder: string,
  { suite, packages, signal }: DebianTree & { readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const args = [
    "--quiet",
    "--mode=chrootless",
    "--variant=extract",
    `--include=${packages.join(",")}`,
    '--aptopt=APT::Install-Recommends "false"',
    suite,
    folder,
    await debianSource(suite),
  ];
  await run("mmdebstrap", args, { env: { PATH: toolPath() }, signal, package: "mmdebstrap" });
}
