/** What the shell script is made of that is the same in all of them: POSIX sh, with coreutils and systemd. */
import { NO_LOGIN } from "./butane.ts";

export const SHELL_FUNCTIONS = `say() { printf '%s\\n' "$*"; }
fail() { printf 'error: %s\\n' "$*" >&2; exit 1; }

# Units have to be read anew; extensions came or changed; what has changed waits for a boot.
units_changed= merges= waits= temporary=
trap 'rm -f "$temporary"' EXIT

# begin <path>: names the file that is to become it, beside it
begin() {
  (umask 022 && mkdir -p "$(dirname "$1")")
  temporary=$1.new.$$
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
    case $1 in /etc/systemd/system/*) units_changed=yes ;; esac
  fi
  temporary=
}

# write <path> <mode> <owner> <text>
write() {
  begin "$1"
  (umask 077 && printf '%s' "$4" > "$temporary")
  finish "$1" "$2" "$3"
}

has_hash() { [ -f "$1" ] && [ "$(sha256sum < "$1")" = "$2  -" ]; }

# download <path> <mode> <owner> <url> [sha256]
download() {
  if [ -n "\${5-}" ] && has_hash "$1" "$5"; then return; fi
  begin "$1"
  if command -v curl > /dev/null; then
    curl --fail --silent --show-error --location --retry 3 --output "$temporary" "$4" || fail "$4 cannot be downloaded"
  elif command -v wget > /dev/null; then
    wget -q -O "$temporary" "$4" || fail "$4 cannot be downloaded"
  else
    fail "downloads need curl or wget"
  fi
  if [ -n "\${5-}" ] && ! has_hash "$temporary" "$5"; then fail "$4 has another sha256 than $5"; fi
  finish "$1" "$2" "$3"
}

# initially <command> <path> ...: for what is yours to change
initially() {
  if [ -e "$2" ]; then say "$2: stays as it is"; else "$@"; fi
}

# link <path> <target>
link() {
  if [ "$(readlink "$1")" = "$2" ]; then return; fi
  if [ -e "$1" ] && [ ! -L "$1" ]; then fail "$1 is there already, and is no link: move it away"; fi
  begin "$1"
  ln -s "$2" "$temporary"
  mv -fT "$temporary" "$1"
  temporary=
  say "$1: leads to $2"
  case $1 in /etc/systemd/system/*) units_changed=yes ;; esac
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

# extension <name> <version> <url> [sha256]: its image, and the link by which it is found
extension() {
  image=/opt/extensions/$1/$1-$2-$arch.raw
  known=$(readlink -f "/etc/extensions/$1.raw" || true)
  changed=
  # What an update has brought since stays.
  if [ -n "$followed" ] && is_newer "$known" "$followed" "-$arch.raw" "$1" "$2"; then
    say "$known: stays, for it is newer"
    return
  fi
  if [ -n "\${4-}" ] || [ ! -f "$image" ]; then download "$image" 0644 root:root "$3" "\${4-}"; fi
  if [ "$known" = "$image" ]; then return; fi
  link "/etc/extensions/$1.raw" "$image"
  if [ -e "/usr/lib/extension-release.d/extension-release.$1" ]; then changed=yes; else changed=new; fi
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
