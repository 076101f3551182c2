/**
 * The scripts with which a flatwrapped program starts, for a POSIX shell and the host's util-linux: a wrapper at the
 * program's place, `run`, which chooses how to get mounts of its own, and `enter`, which makes the private root there.
 *
 * Everything is replaced by exec, so that arguments, exit code, working directory and signals are the program's. 125
 * means that the private root could not be made, 126 that nobody may make one here, as chroot(1) has it.
 */
import type { Part } from "./private-root.ts";

/** Where the scripts are, in the extension's own folder; the tree must have nothing of that name. */
export const SCRIPTS = ".flatwrap";
/** An empty folder there, over which the private root is mounted. */
export const MOUNT_POINT = "root";

/** @param home `usr/local/btop` */
export function wrapperScript(home: string, program: string): string {
  return `#!/bin/sh
# Starts ${program} of the tree in /${home}, in mounts of its own in which that tree is the root.
# FLATWRAP_ROOT: where that tree's image is, if not merged into /; for tests.
case \${FLATWRAP_ROOT-} in
'' | /*) ;;
*)
  printf '%s\\n' "\${0##*/}: FLATWRAP_ROOT is no absolute path: $FLATWRAP_ROOT" >&2
  exit 125
  ;;
esac
exec "\${FLATWRAP_ROOT-}"${quote(`/${home}/${SCRIPTS}/run`)} ${quote(program)} "$@"
`;
}

export function runScript(home: string, parts: readonly Part[]): string {
  return `#!/bin/sh
# run PROGRAM [ARGUMENT...]: starts a program of this tree in a private root.
# NOBWRAP=1: without bubblewrap, where that is installed.
here=\${FLATWRAP_ROOT-}${quote(`/${home}`)}
enter=$here/${SCRIPTS}/enter
if [ "$(id -u)" = 0 ] && unshare --mount true 2>/dev/null; then
  exec unshare --mount --propagation private -- /bin/sh "$enter" root "$@"
fi
if [ -z "\${NOBWRAP-}" ] && bwrap --dev-bind / / true 2>/dev/null; then
  # Each goes before the ones that are there, so the last one comes first.
  set -- --remount-ro / -- "$@"
${[...parts].reverse().map(bubblewrapLine).join("\n")}
  exec bwrap --die-with-parent "$@"
fi
if unshare --user --map-root-user --mount true 2>/dev/null; then
  exec unshare --user --map-root-user --mount --propagation private -- /bin/sh "$enter" "$(id -u):$(id -g)" "$@"
fi
printf '%s\\n' "\${1##*/}: this host lets you make no private root: it needs user namespaces, or to be run as root" >&2
exit 126
`;
}

function bubblewrapLine({ path, from, target, isNested }: Part): string {
  const at = quote(path);
  if (from === "link") return `  set -- --symlink ${quote(target ?? "")} ${at} "$@"`;
  if (from === "host") return `  if [ -e ${at} ]; then set -- --dev-bind ${at} ${at} "$@"; fi`;
  const bind = `set -- --ro-bind "$here"${at} ${at} "$@"`;
  return isNested ? `  if [ -e ${at} ]; then ${bind}; fi` : `  ${bind}`;
}

export function enterScript(home: string, parts: readonly Part[]): string {
  return `#!/bin/sh
# enter root|UID:GID PROGRAM [ARGUMENT...]: makes the private root in mounts that are ours alone, and goes there.
as=$1
shift
program=\${1##*/}
here=\${FLATWRAP_ROOT-}${quote(`/${home}`)}
new=$here/${SCRIPTS}/${MOUNT_POINT}

fail() {
  printf '%s\\n' "$program: cannot make a private root: $1" >&2
  exit 125
}

# bind FROM TO: TO is made, unless it is inside of what is mounted already.
bind() {
  if [ ! -e "$2" ]; then
    if [ -d "$1" ]; then mkdir -p "$2"; else mkdir -p "\${2%/*}" && : >"$2"; fi || fail "no place for $1"
  fi
  mount --rbind "$1" "$2" || fail "$1 cannot be mounted"
}

# Folders to mount at, all at once: a program starts no sooner than its private root is made.
places() (
  set --
${parts
  .filter(({ from, isNested }) => from !== "link" && !isNested)
  .map(placeLine)
  .join("\n")}
  mkdir -p "$@"
)

mount -t tmpfs -o mode=0755 flatwrap "$new" || fail "nothing can be mounted at $new"
places || fail "no places to mount at"
${parts.map(mountLine).join("\n")}
mount -o remount,bind,ro "$new" || fail "$new cannot be made read-only"

# Where the private root has no such folder, at the top of it.
wd=$(pwd -P)
[ -d "$new$wd" ] || wd=/
if [ "$as" = root ]; then
  exec unshare --root="$new" --wd="$wd" -- "$@"
fi
# To make mounts takes root, of user namespaces too; the program is who it was.
exec unshare --user --map-user="\${as%:*}" --map-group="\${as#*:}" --root="$new" --wd="$wd" -- "$@"
`;
}

function placeLine({ path, from }: Part): string {
  const at = quote(path);
  const source = from === "host" ? at : `"$here"${at}`;
  return `  if [ -d ${source} ]; then set -- "$@" "$new"${at}; fi`;
}

function mountLine({ path, from, target, isNested }: Part): string {
  const at = quote(path);
  if (from === "link") return `ln -s ${quote(target ?? "")} "$new"${at} || fail "no symlink "${at}`;
  if (from === "host") return `if [ -e ${at} ]; then bind ${at} "$new"${at}; fi`;
  const bind = `bind "$here"${at} "$new"${at}`;
  // Inside of a folder of the host's it goes where the host has such a thing.
  return isNested ? `if [ -e "$new"${at} ]; then ${bind}; fi` : bind;
}

/** A word that no shell takes apart. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
