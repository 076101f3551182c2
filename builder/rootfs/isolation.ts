/** Ways to run a program inside of a tree and apart from the machine, as the words of a command line. */

/** Where a program runs and what it sees there. */
export interface Place {
  readonly tree: string;
  readonly mounts: readonly { readonly from: string; readonly to: string; readonly writable: boolean }[];
  /** Whether it sees the machine's network. */
  readonly network: boolean;
  readonly cwd: string;
  /** `PATH` inside; other variables are those that the command line is run with. */
  readonly path: string;
}

export interface Isolation {
  /** The program that does it, for errors. */
  readonly name: "bwrap" | "unshare";
  /**
   * What has to stand before a command of this machine so that it owns files as the tree's users do; undefined where
   * there is but one of them.
   */
  readonly asOwner: readonly string[] | undefined;
  commandLine(place: Place, command: readonly string[]): readonly [string, ...string[]];
}

/** What containers are called inside, so that no build depends on what the machine is called. */
export const HOSTNAME = "bakery";

/**
 * What root may still do inside, capabilities(7): what package managers and builds need. Not to mount, to make devices
 * or to load modules.
 */
const CAPABILITIES = [
  ...["chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap"],
  ...["net_bind_service", "sys_chroot", "setfcap", "audit_write"],
];

/** Makes the user root, and others of those that /etc/subuid lets the user be: user_namespaces(7), newuidmap(1). */
const AS_MANY_USERS = ["unshare", "--user", "--map-root-user", "--map-auto", "--"] as const;

/** Those of root, the best one first. */
export const FOR_ROOT: readonly Isolation[] = [bubblewrap([]), namespaces([])];

/** Those of users that may have more ids than their own. */
export const FOR_MANY_USERS: readonly Isolation[] = [bubblewrap(AS_MANY_USERS), namespaces(AS_MANY_USERS)];

/** Those of any user. */
export const FOR_ONE_USER: readonly Isolation[] = [
  bubblewrap(undefined, ["--unshare-user", "--uid", "0", "--gid", "0"]),
  namespaces(undefined, ["--user", "--map-root-user"]),
];

/** bwrap(1), 0.5 or later */
function bubblewrap(asOwner: readonly string[] | undefined, users: readonly string[] = []): Isolation {
  return {
    asOwner,
    name: "bwrap",
    commandLine({ tree, mounts, network, cwd, path }, command) {
      const words = [
        ...(asOwner ?? []),
        ...["bwrap", "--bind", tree, "/", "--proc", "/proc", "--dev", "/dev"],
        ...["--perms", "1777", "--tmpfs", "/tmp", "--tmpfs", "/run", "--perms", "1777", "--dir", "/run/lock"],
        ...mounts.flatMap(({ from, to, writable }) => [writable ? "--bind" : "--ro-bind", from, to]),
        ...users,
        ...["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--hostname", HOSTNAME],
        ...(network ? [] : ["--unshare-net"]),
        // All but these, for a user has them all in a namespace of its own.
        ...["--cap-drop", "ALL"],
        ...CAPABILITIES.flatMap((name) => ["--cap-add", `CAP_${name.toUpperCase()}`]),
        ...["--die-with-parent", "--new-session", "--setenv", "PATH", path, "--chdir", cwd, "--", ...command],
      ];
      return words as [string, ...string[]];
    },
  };
}

/**
 * The same by hand. Run by the machine's own shell as the first process of a pid namespace: it stays, since whoever
 * leaves with it takes all others along, and has nothing to hide. The tree is moved over the old root, so that there is
 * no way back; `mount -n`, since what others mounted is nothing to write down. A mount's lasting flags have to be kept
 * where it is made read-only: mount_namespaces(7).
 */
const SET_UP = `
set -eu
tree=$1 network=$2 cwd=$3 path=$4 capabilities=$5
shift 5
if command -v hostname > /dev/null; then hostname ${HOSTNAME}; fi
mount -n --rbind "$tree" "$tree"
mount -n -t proc -o nosuid,nodev,noexec proc "$tree/proc"
mount -n -t tmpfs -o nosuid,mode=755 tmpfs "$tree/dev"
for name in null zero full random urandom tty; do
  : > "$tree/dev/$name"
  mount -n --bind "/dev/$name" "$tree/dev/$name"
done
mkdir "$tree/dev/pts" "$tree/dev/shm"
mount -n -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$tree/dev/pts"
ln -s pts/ptmx "$tree/dev/ptmx"
ln -s /proc/self/fd "$tree/dev/fd"
for name in stdin:0 stdout:1 stderr:2; do ln -s "/proc/self/fd/\${name#*:}" "$tree/dev/\${name%:*}"; done
mount -n -t tmpfs -o nosuid,nodev,mode=1777 tmpfs "$tree/tmp"
mount -n -t tmpfs -o nosuid,nodev,mode=755 tmpfs "$tree/run"
mkdir -m 1777 "$tree/run/lock"
while [ "$1" != -- ]; do
  from=$1 to=$tree$2
  if [ -d "$from" ]; then mkdir -p "$to"; else mkdir -p "\${to%/*}"; [ -e "$to" ] || : > "$to"; fi
  mount -n --rbind "$from" "$to"
  if [ "$3" = read-only ]; then
    findmnt -R -r -n -o TARGET,VFS-OPTIONS "$to" | while read -r place flags; do
      mount -n -o "remount,bind,$flags,ro" "$(printf %b "$place")"
    done
  fi
  shift 3
done
shift
if [ "$network" = no ] && command -v ip > /dev/null; then ip link set lo up; fi
cd "$tree"
mount -n --move . /
setpriv=$(command -v setpriv) unshare=$(command -v unshare)
status=0
PATH=$path "$setpriv" --no-new-privs --inh-caps=-all "--bounding-set=-all$capabilities" \\
  "$unshare" --root=. "--wd=$cwd" -- "$@" || status=$?
exit "$status"
`;

/** unshare(1), setpriv(1) and mount(8) of util-linux; without `ip` of iproute2 the loopback interface stays down. */
function namespaces(asOwner: readonly string[] | undefined, users: readonly string[] = []): Isolation {
  return {
    asOwner,
    name: "unshare",
    commandLine({ tree, mounts, network, cwd, path }, command) {
      return [
        // Not even a kill of ours, that lets nobody clean up, is survived.
        ...(["setpriv", "--pdeathsig", "KILL", ...(asOwner ?? []), "unshare", ...users] as const),
        ...["--mount", "--pid", "--fork", "--kill-child", "--ipc", "--uts", ...(network ? [] : ["--net"])],
        ...["setsid", "sh", "-c", SET_UP, "sh", tree, network ? "yes" : "no", cwd, path],
        CAPABILITIES.map((name) => `,+${name}`).join(""),
        ...mounts.flatMap(({ from, to, writable }) => [from, to, writable ? "writable" : "read-only"]),
        ...["--", ...command],
      ];
    },
  };
}
