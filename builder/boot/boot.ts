/** Boots a virtual machine with images merged, and stays until it ends. */
import type { Arch } from "../../schema/index.ts";
import { cacheFolderFrom } from "../bake/fetch/cache.ts";
import type { VirtualMachine } from "../guest/qemu/machine.ts";
import { checkQemu, runQemu } from "../guest/qemu/process.ts";
import type { OpeningWorld } from "../image/open-image.ts";
import { UpstreamError, UserError, WrongContentError } from "../system/errors.ts";
import { withWorkDir } from "../system/work-dir.ts";
import { debianMachine } from "./debian.ts";
import { type IgnitionConfig, ignitionConfig } from "./flatcar/ignition.ts";
import { serveImages } from "./flatcar/image-server.ts";
import { flatcarMachine } from "./flatcar/machine.ts";
import { readOwnConfig } from "./flatcar/own-config.ts";
import { type FlatcarFiles, flatcarFiles } from "./flatcar/release.ts";
import { type BootImage, withImages } from "./images.ts";
import type { MachineOptions } from "./machine-options.ts";
import { checkFree } from "./ports.ts";

export const SYSTEMS = ["flatcar", "debian"] as const;
export type System = (typeof SYSTEMS)[number];

export interface BootOptions extends MachineOptions {
  /** Undefined: Flatcar, where it can be had. */
  readonly os?: System | undefined;
  /** A file in Butane or Ignition. */
  readonly butane?: string | undefined;
  /** Where the console goes; 1 is stdout. */
  readonly console: 1 | 2;
}

export interface BootWorld extends OpeningWorld {
  readonly env: NodeJS.ProcessEnv;
}

export interface Booted {
  readonly os: System;
  readonly arch: Arch;
  readonly version?: string;
  readonly extensions: readonly string[];
  readonly ports: MachineOptions["ports"];
}

/** @returns what it was, when it has ended */
export async function boot(names: readonly string[], options: BootOptions, world: BootWorld): Promise<Booted> {
  const { arch, ports } = options;
  const { cwd, signal } = world;
  const own = options.butane === undefined ? undefined : await readOwnConfig(options.butane, cwd, signal);
  await checkQemu({ arch });
  await checkFree(ports);
  const flatcar = await flatcarOrNot(options, world);
  const os = flatcar === undefined ? "debian" : "flatcar";
  if (os === "debian") checkDebian(arch, own);

  return withImages(names, { arch, os }, world, async (images) =>
    withWorkDir(async (work) => {
      const booted = { os, arch, ports, extensions: images.map(({ extension }) => extension) } as const;
      if (flatcar === undefined) {
        const cache = cacheFolderFrom(world.env);
        await start(await debianMachine(images, options, { ...world, cache, work }), booted, options, world);
        return booted;
      }
      await using server = await serveImages(images);
      const config = ignitionConfig({ arch, images, urlOf: (image: BootImage) => server.urlOf(image), own });
      await start(await flatcarMachine(flatcar, config, options, work), booted, options, world);
      return { ...booted, version: flatcar.version };
    }),
  );
}

async function flatcarOrNot({ os, arch }: BootOptions, world: BootWorld): Promise<FlatcarFiles | undefined> {
  if (os === "debian") return undefined;
  const { env, progress, signal, upstreams } = world;
  try {
    return await flatcarFiles(arch, { http: upstreams.http, cache: cacheFolderFrom(env), progress, signal });
  } catch (error) {
    // What came and was not Flatcar's is to be known of, and nothing to pass over.
    const isAbsent = error instanceof UpstreamError && !(error instanceof WrongContentError);
    if (os === "flatcar" || !isAbsent) throw error;
    progress.note(`Flatcar cannot be had here, so it is Debian: ${error.message}`);
    return undefined;
  }
}

function checkDebian(arch: Arch, own: IgnitionConfig | undefined): void {
  if (arch !== "x86-64") {
    throw new UserError(`there is no Debian for ${arch} here`, { hint: "only Flatcar boots on it: --os flatcar" });
  }
  if (own !== undefined) {
    throw new UserError("Debian is not configured by Ignition", {
      hint: "--butane needs Flatcar: --os flatcar says why that cannot be had",
    });
  }
}

async function start(
  machine: VirtualMachine,
  { os, extensions }: Booted,
  { console, ports }: BootOptions,
  { progress, signal }: BootWorld,
): Promise<void> {
  progress.note(`${os} on ${machine.arch}, ${machine.accelerator}, with ${extensions.join(", ")} merged`);
  for (const { host, guest } of ports) progress.note(`127.0.0.1:${host} is port ${guest} of the machine`);
  progress.note("nothing of it is kept; it ends with poweroff, or Ctrl-A X");
  await runQemu(machine, { stdio: [0, console, 2], signal });
  signal?.throwIfAborted();
}
