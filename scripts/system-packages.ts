/** Programs that no npm package brings: found, or installed with apt where that is allowed, or asked for by name. */
import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import { ToolError } from "../builder/system/errors.ts";
import { run } from "../builder/system/run.ts";

export interface SystemPackage {
  readonly command: string;
  /** Debian's package that has the command */
  readonly package: string;
  /** What it is needed for */
  readonly why: string;
}

export interface PackageOptions {
  readonly report?: (line: string) => void;
  /** Where programs are looked for; default: the environment's, and where administrators' programs are. */
  readonly path?: string;
  /** Whose right counts; default: that of this process. */
  readonly uid?: number;
}

export const BAKE_PACKAGES: readonly SystemPackage[] = [
  { command: "mksquashfs", package: "squashfs-tools", why: "packs images" },
  { command: "systemd-analyze", package: "systemd", why: "verifies unit files" },
];

/** Of all that recipes may ask for, and of the merge test. */
export const RELEASE_PACKAGES: readonly SystemPackage[] = [
  ...BAKE_PACKAGES,
  { command: "unsquashfs", package: "squashfs-tools", why: "shows what is in an image" },
  { command: "xz", package: "xz-utils", why: "unpacks archives" },
  { command: "bzip2", package: "bzip2", why: "unpacks archives" },
  { command: "git", package: "git", why: "fetches what a tag names" },
  { command: "gpgv", package: "gpgv", why: "verifies signatures" },
  { command: "unshare", package: "util-linux", why: "gives a merge test mounts of its own" },
  { command: "mount", package: "mount", why: "gives a merge test mounts of its own" },
  { command: "setpriv", package: "util-linux", why: "runs programs as somebody else" },
  { command: "bwrap", package: "bubblewrap", why: "runs programs in a tree of their own" },
  { command: "newuidmap", package: "uidmap", why: "lets users be several in a tree of their own" },
  { command: "qemu-aarch64-static", package: "qemu-user-static", why: "runs programs of the other architecture" },
  { command: "patchelf", package: "patchelf", why: "tells programs where their libraries are" },
  { command: "systemd-nspawn", package: "systemd-container", why: "starts throw-away guests" },
];

export const TEST_PACKAGES: readonly SystemPackage[] = [
  ...RELEASE_PACKAGES,
  { command: "mkfs.erofs", package: "erofs-utils", why: "packs erofs images" },
  { command: "zip", package: "zip", why: "makes archives to unpack" },
  { command: "dpkg-deb", package: "dpkg", why: "makes packages to unpack" },
  { command: "faketime", package: "faketime", why: "builds at another time" },
  { command: "fsck.erofs", package: "erofs-utils", why: "shows what is in an image" },
  { command: "mkfs.ext4", package: "e2fsprogs", why: "packs ext images" },
  { command: "debugfs", package: "e2fsprogs", why: "packs ext images" },
  { command: "resize2fs", package: "e2fsprogs", why: "packs ext images" },
  { command: "e2fsck", package: "e2fsprogs", why: "packs ext images" },
  { command: "mkfs.btrfs", package: "btrfs-progs", why: "packs btrfs images" },
  { command: "btrfs", package: "btrfs-progs", why: "shows what is in an image" },
  { command: "qemu-system-x86_64", package: "qemu-system-x86", why: "runs virtual machines" },
  { command: "qemu-img", package: "qemu-utils", why: "makes disks for virtual machines" },
  { command: "ps", package: "procps", why: "shows that no process is left" },
  { command: "ip", package: "iproute2", why: "gives a tree a network of its own" },
  { command: "curl", package: "curl", why: "downloads, as people do" },
  { command: "wget", package: "wget", why: "downloads, as people do" },
  { command: "aria2c", package: "aria2", why: "downloads in pieces, as people do" },
  { command: "gpg", package: "gpg", why: "verifies signatures, as systemd's clients have it done" },
  { command: "docker-registry", package: "docker-registry", why: "has images to pull" },
  { command: "skopeo", package: "skopeo", why: "pushes images to a registry" },
  { command: "gpg-agent", package: "gpg-agent", why: "makes keys for tests" },
  { command: "zsh", package: "zsh", why: "completes commands, as people have it" },
  { command: "fish", package: "fish", why: "completes commands, as people have it" },
  { command: "script", package: "bsdutils", why: "gives a shell a terminal to be typed at" },
  { command: "mandoc", package: "mandoc", why: "reads the manual page" },
];

/** Of `npm run test:machines`, which has the browser too. */
export const MACHINE_PACKAGES: readonly SystemPackage[] = [
  ...TEST_PACKAGES,
  { command: "chromium", package: "chromium", why: "shows pages, as people have it" },
];

/** A package that wants to ask something takes its own answer: nobody is there. */
const FRONTEND = "noninteractive";

/**
 * @throws ToolError that names what is missing, what for, and the command that would install it
 */
export async function ensureSystemPackages(
  needs: readonly SystemPackage[],
  options: PackageOptions = {},
): Promise<void> {
  const { report = () => {}, path = `${process.env.PATH ?? ""}:/usr/sbin:/sbin`, uid = process.getuid?.() } = options;
  const missing = await missingOf(needs, path);
  if (missing.length === 0) return;

  const packages = [...new Set(missing.map((need) => need.package))];
  const apt = await aptCommand(path, uid);
  if (apt === undefined) {
    const hasApt = await isInstalled("apt-get", path);
    throw missingPrograms(missing, hasApt ? `run ${manually(packages)}` : withoutApt(packages));
  }

  report(`• Installing ${packages.join(", ")} with apt`);
  await install(apt, packages, path);
  const still = await missingOf(needs, path);
  if (still.length > 0) throw missingPrograms(still, `apt-get installed ${packages.join(", ")} without them: see PATH`);
}

async function missingOf(needs: readonly SystemPackage[], path: string): Promise<SystemPackage[]> {
  const found = await Promise.all(needs.map(({ command }) => isInstalled(command, path)));
  return needs.filter((_, at) => !found[at]);
}

async function isInstalled(command: string, path: string): Promise<boolean> {
  const places = path.split(":").filter((folder) => folder !== "");
  const found = await Promise.allSettled(places.map((folder) => access(join(folder, command), constants.X_OK)));
  return found.some(({ status }) => status === "fulfilled");
}

/** How apt-get is run here: as root as it is, else through a sudo that asks nothing. */
async function aptCommand(path: string, uid: number | undefined): Promise<string[] | undefined> {
  if (!(await isInstalled("apt-get", path))) return undefined;
  if (uid === 0) return ["apt-get"];
  if (!(await isInstalled("sudo", path))) return undefined;
  const asksNothing = await run("sudo", ["-n", "true"], { env: { PATH: path } }).then(
    () => true,
    () => false,
  );
  // sudo drops our environment, so apt's is set on its far side.
  return asksNothing ? ["sudo", "-n", "env", `DEBIAN_FRONTEND=${FRONTEND}`, "apt-get"] : undefined;
}

async function install([command = "", ...args]: readonly string[], packages: readonly string[], path: string) {
  const env = { PATH: path, DEBIAN_FRONTEND: FRONTEND };
  try {
    await run(command, [...args, "update", "-qq"], { env });
    await run(command, [...args, "install", "-y", "-qq", "--no-install-recommends", ...packages], { env });
  } catch (cause) {
    if (!(cause instanceof ToolError)) throw cause;
    throw new ToolError(`cannot install ${packages.join(", ")}`, {
      details: cause.details,
      hint: `find out why apt-get fails, or install it by hand: ${manually(packages)}`,
      cause,
    });
  }
}

function missingPrograms(missing: readonly SystemPackage[], hint: string): ToolError {
  const names = missing.map(({ command }) => command).join(", ");
  const details = Object.fromEntries(missing.map(({ command, why }) => [command, why]));
  return new ToolError(`missing programs: ${names}`, { details, hint });
}

function withoutApt(packages: readonly string[]): string {
  return `there is no apt-get here: install by other means what Debian has in ${packages.join(", ")}`;
}

function manually(packages: readonly string[]): string {
  return `sudo apt-get install ${packages.join(" ")}`;
}
