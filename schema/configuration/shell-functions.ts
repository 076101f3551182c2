/** What the shell script is made of that is the same in all of them: POSIX sh, with coreutils and systemd. */
import { NO_LOGIN } from "./butane.ts";
import { transferPatterns, updateDropins } from "./update-definitions.ts";

const UPDATE_DEFINITIONS = [
  ...transferPatterns("$1").map((pattern) => `/etc/sysupdate.$1.d/${pattern}`),
  ...updateDropins("$1"),
].join(" \\\n    ");

export const SHELL_FUNCTIONS = `say() { printf '%s\\n' "$*"; }
fail() { printf 'error: %s\\n' "$*" >&2; exit 1; }

# Extensions came or changed; what has changed waits for a boot; files that are on their way, whose names have no blanks.
merges= waits= unfinished=
trap 'rm -f $unfinished' EXIT
trap 'exit 130' HUP INT TERM

# begin <path>: names the file that is to become it, beside it
begin() {
  (umask 022 && mkdir -p "$(dirname "$1")")
  # Who was killed has left theirs.
  for old in "$1".new.*; do [ -d "/proc/\${old##*.}" ] || rm -f "$old"; done
  temporary=$1.new.$$
  unfinished="$unfinished $temporary"
}

# finish <path> <mode> <owner>: puts it in place at once, if that changes anything
finish() {
  chown "$3" "$temporary"
  chmod "$2" "$temporary"
  if [ -f "$1" ] && [ ! -L "$1" ] && cmp -s "$temporary" "$1" &&
    [ "$(stat -c '%a %U %G' "$1")" = "$(stat -c '%a %U %G' "$temporary")" ]; then
    rm "$temporary"
  else
    mv -fT "$temporary" "$1"
    say "$1: written"
  fi
}

# write <path> <mode> <owner> <text>
write() {
  begin "$1"
  (umask 077 && printf '%s' "$4" > "$temporary")
  finish "$1" "$2" "$3"
}

has_hash() { [ -f "$1" ] && [ "$(sha256sum < "$1")" = "$2  -" ]; }

# fetch <path> <url> [sha256]: beside its path, so that nothing is changed before all has come
fetch() {
  if [ -n "\${3-}" ] && has_hash "$1" "$3"; then return; fi
  begin "$1"
  if command -v curl > /dev/null; then
    curl --fail --silent --show-error --location --retry 3 --output "$temporary" "$2" || fail "$2 cannot be downloaded"
  else
    wget -q -O "$temporary" "$2" || fail "$2 cannot be downloaded"
  fi
  if [ -n "\${3-}" ] && ! has_hash "$temporary" "$3"; then fail "$2 has another sha256 than $3"; fi
}

# place <path> <mode> <owner>: what was fetched, if it had to be
place() {
  temporary=$1.new.$$
  if [ -f "$temporary" ]; then finish "$@"; fi
}

# initially <command> <path> ...: for what is yours to change
initially() {
  if [ -e "$2" ]; then say "$2: stays as it is"; else "$@"; fi
}

# movable <path>: what is no link is somebody's own
movable() {
  if [ -e "$1" ] && [ ! -L "$1" ]; then fail "$1 is there already, and is no link: move it away"; fi
}

# link <path> <target>
link() {
  if [ "$(readlink "$1")" = "$2" ]; then return; fi
  movable "$1"
  begin "$1"
  ln -s "$2" "$temporary"
  mv -fT "$temporary" "$1"
  say "$1: leads to $2"
}

# only <extension> <path>...: of what says how it is updated, these stay, and none that another configuration has left
only() {
  for old in ${UPDATE_DEFINITIONS}; do
    forgotten=$old
    for kept in "$@"; do if [ "$kept" = "$old" ]; then forgotten=; fi; done
    if [ -e "$forgotten" ]; then
      rm "$forgotten"
      say "$forgotten: removed"
    fi
  done
}

# add_user <name> <id, or -> <home>: not by useradd, which not every machine with systemd has
add_user() {
  if id "$1" > /dev/null 2>&1; then return; fi
  printf 'u %s %s - %s ${NO_LOGIN}\\n' "$1" "$2" "$3" | systemd-sysusers -
  say "user $1: added"
}

# is_newer <image> <beginning of names> <end of names> <extension> <version>
is_newer() {
  case $1 in "/opt/extensions/$4/$2"*"$3") ;; *) return 1 ;; esac
  current=\${1#"/opt/extensions/$4/$4-"}
  [ -f "$1" ] && systemd-analyze compare-versions "\${current%"$3"}" gt "$5"
}

# keeps <extension> <version> <beginning of names>: whether an update has brought a newer one since, which stays
keeps() {
  image=/opt/extensions/$1/$1-$2-$arch.raw
  known=$(readlink -f "/etc/extensions/$1.raw" || true)
  [ -n "$3" ] && is_newer "$known" "$3" "-$arch.raw" "$1" "$2"
}

# fetch_image <extension> <version> <beginning of names> <url> [sha256]
fetch_image() {
  movable "/etc/extensions/$1.raw"
  if keeps "$1" "$2" "$3"; then return; fi
  if [ -n "\${5-}" ] || [ ! -f "$image" ]; then fetch "$image" "$4" "\${5-}"; fi
}

# extension <extension> <version> <beginning of names>: its image, and the link by which it is found
extension() {
  if keeps "$@"; then say "$known: stays, for it is newer"; else
    place "$image" 0644 root:root
    if [ "$known" != "$image" ]; then
      # Stands there until all is done: who is cut off in between goes on from here.
      changed=new
      if [ -e "/usr/lib/extension-release.d/extension-release.$1" ]; then changed=yes; fi
      [ -e "/run/$1.changed" ] || echo "$changed" > "/run/$1.changed"
      link "/etc/extensions/$1.raw" "$image"
    fi
  fi
  changed=$(cat "/run/$1.changed" 2> /dev/null || true)
}

# enable <unit>, mask <unit>
enable() {
  if [ "$(systemctl is-enabled "$1" 2> /dev/null)" = enabled ]; then return; fi
  systemctl --quiet enable "$1"
  say "$1: enabled"
}
mask() {
  if [ "$(systemctl is-enabled "$1" 2> /dev/null)" = masked ]; then return; fi
  systemctl --quiet mask "$1" 2> /dev/null
  systemctl --quiet stop "$1" 2> /dev/null || true
  say "$1: masked"
}

# merge <extension>...
merge() {
  # Not systemd-sysext itself: so it counts as merged for systemd too, and is merged again at boot.
  systemctl reload-or-restart systemd-sysext.service
  for name in "$@"; do
    [ -e "/usr/lib/extension-release.d/extension-release.$name" ] ||
      fail "$name was not merged: see journalctl --unit systemd-sysext.service"
  done
  # Before 255 systemd does not do that by itself.
  systemctl daemon-reload
  say "merged: $*"
}
`;
