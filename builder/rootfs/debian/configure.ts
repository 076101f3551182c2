/** Makes unpacked packages installed ones: dpkg's own work, done by the tree's own dpkg, inside of the tree. */
import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Arch } from "../../../schema/index.ts";
import { ToolError } from "../../system/errors.ts";
import { runIn } from "../enter.ts";
import type { Archive } from "./fetch-packages.ts";

export interface Configuring {
  readonly arch: Arch;
  readonly exclude?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Where packages are seen inside. */
const PACKAGES = "/run/packages";

/**
 * The essential packages are unpacked already, for dpkg and the scripts need them to install anything. All others come
 * in rounds, since dpkg refuses a package while another that it pre-depends on is not configured (Debian Policy 7.2).
 * dpkg's database is in memory meanwhile: dpkg waits for the disk with every file of it, a thousand times and more.
 * What a machine makes anew of its own, and what tells of this run, goes: machine-id(5).
 */
const SCRIPT = `
set -eu
cd ${PACKAGES}
cp -a /var/lib/dpkg /run/dpkg
rm -rf /var/lib/dpkg
ln -s /run/dpkg /var/lib/dpkg
essential=
while [ "$1" != -- ]; do essential="$essential $1"; shift; done
shift
dpkg() { command dpkg --force-unsafe-io --log=/dev/null --abort-after=9999 "$@" < /dev/null; }
dpkg --force-depends --install $essential
ahead=$*
while [ -n "$ahead" ]; do
  dpkg --unpack $ahead || true
  dpkg --configure --pending || true
  known=" $(dpkg-query --show --showformat='\${Package}=\${db:Status-Status} ')"
  left=
  for file in $ahead; do
    name=\${file%%_*}
    case $known in
      *" $name=not-installed "*) left="$left $file" ;;
      *" $name="*) ;;
      *) left="$left $file" ;;
    esac
  done
  if [ "\${left# }" = "\${ahead# }" ]; then dpkg --unpack $ahead; exit 1; fi
  ahead=$left
done
dpkg --configure --pending
rm /var/lib/dpkg
cp -a /run/dpkg /var/lib/dpkg
rm -f /usr/sbin/policy-rc.d /var/lib/dpkg/*-old /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache
rm -f /var/log/alternatives.log /var/lib/dbus/machine-id
if [ -e /etc/machine-id ]; then echo uninitialized > /etc/machine-id; fi
`;

/** @throws ToolError with dpkg's last words if a package or a script of it fails */
export async function configurePackages(archives: readonly Archive[], tree: string, configuring: Configuring) {
  const { arch, exclude = [], signal } = configuring;
  for (const name of ["info", "updates", "triggers"])
    await mkdir(join(tree, "var/lib/dpkg", name), { recursive: true });
  for (const name of ["status", "available"]) await writeFile(join(tree, "var/lib/dpkg", name), "");
  if (exclude.length > 0) {
    await mkdir(join(tree, "etc/dpkg/dpkg.cfg.d"), { recursive: true });
    const lines = exclude.map((pattern) => `path-exclude=${pattern}\n`);
    await writeFile(join(tree, "etc/dpkg/dpkg.cfg.d/exclude"), lines.join(""));
  }
  // invoke-rc.d(8): what it asks before it starts a service. 101: it may not.
  await writeFile(join(tree, "usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  const names = (essential: boolean) =>
    archives.filter((one) => one.essential === essential).map(({ path }) => basename(path));
  try {
    await runIn(tree, ["sh", "-c", SCRIPT, "sh", ...names(true), "--", ...names(false)], {
      ...{ arch, signal },
      mounts: [{ from: dirname(archives[0]?.path ?? "/"), to: PACKAGES }],
      env: { DEBIAN_FRONTEND: "noninteractive", DEBCONF_NONINTERACTIVE_SEEN: "true", DEBCONF_NOWARNINGS: "yes" },
    });
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    const { output = "" } = error.details;
    throw new ToolError("packages cannot be installed in the tree", {
      details: { output: output || error.message },
      ...(error.hint !== undefined && { hint: error.hint }),
      cause: error,
    });
  }
}
