/** Flatcar's virtual machine for qemu: the newest alpha, verified when it is downloaded, and kept. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Arch, compareVersions, GO_ARCH } from "../../../schema/index.ts";
import { keptFile, machinesFolder } from "../../guest/qemu/machine-files.ts";
import { DownloadBars } from "../../system/download-bars.ts";
import { UpstreamError } from "../../system/errors.ts";
import { formatBytes } from "../../system/format.ts";
import type { Http } from "../../system/http.ts";
import { touch } from "../../system/kept.ts";
import type { Progress } from "../../system/progress.ts";
import { Spool } from "../../system/spool.ts";
import { KEY_FINGERPRINT, KEY_URL, pinnedKey, verifyFile } from "./signature.ts";

/** Paths of files: UEFI's code and its variables, and the disk. */
export interface FlatcarFiles {
  readonly version: string;
  readonly code: string;
  readonly variables: string;
  readonly image: string;
}

export interface FlatcarWorld {
  readonly http: Http;
  /** The folder of all caches. */
  readonly cache: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Of the key that signs; default: Flatcar's. */
  readonly fingerprint?: string;
}

/** https://www.flatcar.org/docs/latest/installing/vms/qemu/ */
const PARTS = {
  code: "flatcar_production_qemu_uefi_efi_code.qcow2",
  variables: "flatcar_production_qemu_uefi_efi_vars.qcow2",
  image: "flatcar_production_qemu_uefi_image.img",
} as const;

const VERSION_LINE = /^FLATCAR_VERSION=(?<version>[0-9]+\.[0-9]+\.[0-9]+)$/m;

/** @throws UpstreamError if there is none to be had, and none was kept */
export async function flatcarFiles(arch: Arch, world: FlatcarWorld): Promise<FlatcarFiles> {
  const { cache, progress } = world;
  const base = `https://alpha.release.flatcar-linux.net/${GO_ARCH[arch]}-usr`;
  let version: string;
  try {
    version = await newestVersion(base, world.http);
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    const kept = await newestKept(arch, cache);
    if (kept === undefined) throw error;
    progress.note(`Flatcar's server does not answer: this is ${kept}, which was downloaded before`);
    version = kept;
  }
  const names = keptNames(arch, version);
  const files = {
    code: join(machinesFolder(cache), names.code),
    variables: join(machinesFolder(cache), names.variables),
    image: join(machinesFolder(cache), names.image),
  };
  const found = await Promise.all(Object.values(files).map(touch));
  if (found.includes(false)) await download(`${base}/${version}`, names, world);
  return { version, ...files };
}

async function newestVersion(base: string, http: Http): Promise<string> {
  const url = `${base}/current/version.txt`;
  const { text } = await http.read(url);
  const version = VERSION_LINE.exec(text)?.groups?.version;
  if (version === undefined) throw new UpstreamError("Flatcar's version.txt names no version", { details: { url } });
  return version;
}

function keptNames(arch: Arch, version: string): Record<keyof typeof PARTS, string> {
  const name = (part: string) => `flatcar-${version}-${arch}-${part}`;
  return { code: name("code"), variables: name("variables"), image: name("image") };
}

async function newestKept(arch: Arch, cache: string): Promise<string | undefined> {
  const names: string[] = await readdir(machinesFolder(cache)).catch(() => []);
  const versions = names.flatMap((name) => {
    const version = /^flatcar-(?<version>[0-9.]+)-/.exec(name)?.groups?.version ?? "";
    const isWhole = Object.values(keptNames(arch, version)).every((one) => names.includes(one));
    return version !== "" && isWhole ? [version] : [];
  });
  return versions.sort(compareVersions).at(-1);
}

/** Each file gets its name when it is what was signed. */
async function download(base: string, names: Record<keyof typeof PARTS, string>, world: FlatcarWorld): Promise<void> {
  const { http, cache, progress, signal, fingerprint = KEY_FINGERPRINT } = world;
  const key = await pinnedKey((await http.read(KEY_URL)).text, fingerprint);
  for (const part of Object.keys(PARTS) as (keyof typeof PARTS)[]) {
    const url = `${base}/${PARTS[part]}`;
    await keptFile(cache, names[part], async (path) => {
      const { bytes: signature } = await http.readBytes(`${url}.sig`);
      const bars = new DownloadBars(progress);
      await using spool = await Spool.open(path, []);
      try {
        await progress.step(
          `Fetching ${PARTS[part]}`,
          () => http.download(url, spool, { onDownload: bars.for(PARTS[part]), signal }),
          () => formatBytes(spool.size),
        );
      } finally {
        bars.end();
      }
      await verifyFile(path, signature, key, url);
    });
  }
}
