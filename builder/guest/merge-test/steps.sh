# What the steps of a merge test are made of, in the guest. Each ends with 0, or says "! " and why it failed; "= " is what
# it found. States count and not exit codes: systemd-sysext passes over what it cannot merge, and exits with 0.

fail() { printf '! %s\n' "$*"; exit 1; }
found() { printf '= %s\n' "$*"; }

# Between marks: its output, its exit code and milliseconds. It runs in a shell of its own. The console hears of it too.
step() {
  printf '%s begin %s\n' "$mark" "$1"
  printf '\n%s begin %s\n' "$mark" "$1" > /dev/console
  begun=$(date +%s%N)
  { (set -eu; shift; "$@") 2>&1; echo $? > "$state/exit-code"; } | head -c 65536
  read -r code < "$state/exit-code"
  taken=$((($(date +%s%N) - begun) / 1000000))
  printf '\n%s end %s %s %s\n' "$mark" "$1" "$code" "$taken"
  printf '\n%s end %s %s %s\n' "$mark" "$1" "$code" "$taken" > /dev/console
  return "$code"
}

property() { systemctl show --property="$2" --value "$1"; }
is_active() { [ "$(property "$1" ActiveState)" = active ]; }

# wait_for <seconds> <unit> <command…>: until the command succeeds. A unit that has been at rest for 3 seconds is not
# about to start: while it waits for its next start it is "activating".
wait_for() {
  until=$(($(date +%s) + $1)) unit=$2 resting=
  shift 2
  while now=$(date +%s); [ "$now" -le "$until" ]; do
    if "$@"; then return 0; fi
    case $(property "$unit" ActiveState) in
    failed | inactive) resting=${resting:-$now} ;;
    *) resting= ;;
    esac
    if [ -n "$resting" ] && [ $((now - resting)) -ge 3 ]; then return 1; fi
    sleep 0.1
  done
  return 1
}

is_merged() { systemd-sysext status --json=short | grep -q "\"hierarchy\":\"$1\",\"extensions\":\[[^]]*\"$extension\""; }
failed_units() { systemctl list-units --failed --plain --no-legend | cut -d ' ' -f 1 | sort; }
is_there() { [ -e "/$1" ] || [ -L "/$1" ]; }

journal_of() {
  systemctl show --property=ActiveState,SubState,Result,ExecMainStatus,NRestarts "$1" | tr '\n' ' '
  printf '\n'
  journalctl --boot --unit="$1" --lines=12 --output=cat --no-pager
}

boot_step() {
  failed_units > "$state/failed"
  while IFS= read -r path; do
    if is_there "$path"; then printf '%s\n' "$path"; fi
  done < "$here/paths" > "$state/there-before"
  found "$(systemctl --version | head -n 1 | cut -d ' ' -f 1,2), Linux $(uname -r)"
}

# transfer_step <definitions>: of other transfer files than the one that the guest follows.
transfer_step() {
  offered=$($sysupdate --definitions="$1" check-new) || fail "finds no version"
  found "offers $offered"
}

# install_step <symlink> <sha256> <bytes> <folder>
install_step() {
  $sysupdate --component="$extension" update || true
  if [ ! -L "$1" ]; then
    # systemd-pull calls it an input/output error.
    room=$(df --output=avail --block-size=1 "$4" | tail -n 1)
    if [ "$room" -lt "$3" ]; then fail "no space left: the guest has room for $room bytes, and the image has $3"; fi
    fail "$1 is not there: the image was not installed"
  fi
  image=$(readlink --canonicalize "$1")
  [ -f "$image" ] || fail "$1 leads to $image, which is not there"
  sum=$(sha256sum < "$image" | cut -d ' ' -f 1)
  [ "$sum" = "$2" ] || fail "$image is not the image: its sha256 is $sum"
  found "$(basename "$image")"
}

merge_step() {
  systemd-sysext refresh || true
  if ! is_merged /usr; then
    SYSTEMD_LOG_LEVEL=debug systemd-sysext refresh 2>&1 | grep -i extension | tail -n 8
    fail "systemd-sysext did not merge it into /usr"
  fi
  found "in /usr$(if is_merged /opt; then echo ' and /opt'; fi)"
}

# files_step <file with paths>
files_step() {
  count=0
  while IFS= read -r path; do
    is_there "$path" || fail "/$path is not there"
    count=$((count + 1))
  done < "$1"
  found "$count"
}

# verify_step <unit files…>
verify_step() { systemd-analyze --man=no --recursive-errors=no verify "$@"; }

# upheld_step <units…>: started by what the image brings, and by nobody else.
upheld_step() {
  for unit in "$@"; do
    if wait_for 15 "$unit" is_active "$unit"; then continue; fi
    journal_of "$unit"
    fail "$unit is $(property "$unit" ActiveState)"
  done
  found "$*"
}

# stays_step <units…>: each start of a unit has an id of its own.
stays_step() {
  for unit in "$@"; do property "$unit" InvocationID > "$state/started-$unit"; done
  sleep 1
  for unit in "$@"; do
    if is_active "$unit" && [ "$(property "$unit" InvocationID)" = "$(cat "$state/started-$unit")" ]; then continue; fi
    journal_of "$unit"
    fail "$unit does not stay active: it is $(property "$unit" ActiveState), and was started more than once"
  done
}

has_come_back() { is_active "$1" && [ "$(property "$1" InvocationID)" != "$2" ]; }

# restarts_step <units…>: those that have a main process.
restarts_step() {
  killed=
  for unit in "$@"; do
    pid=$(property "$unit" MainPID)
    if [ "${pid:-0}" = 0 ]; then continue; fi
    before=$(property "$unit" InvocationID)
    kill -KILL "$pid"
    if ! wait_for 20 "$unit" has_come_back "$unit" "$before"; then
      journal_of "$unit"
      fail "$unit is $(property "$unit" ActiveState) after its main process was killed"
    fi
    killed="$killed $unit"
  done
  found "${killed# }"
}

# smoke_step <command…>
smoke_step() { cd /; timeout --kill-after=5 60 "$@" < /dev/null; }

was_there() { grep -qxF -e "$1" "$state/there-before"; }

# stop_all <units…>: with what its image says of how it is stopped, which is gone once that is unmerged.
stop_all() {
  # What upholds a unit would start it again: a drop-in of its name hides it.
  while IFS= read -r path; do
    case $path in
    */systemd/system/*.target.d/*.conf)
      folder=/run/systemd/system/$(basename "$(dirname "$path")")
      mkdir -p "$folder"
      ln -s /dev/null "$folder/$(basename "$path")"
      printf '%s\n' "$folder/$(basename "$path")" >> "$state/hidden"
      ;;
    esac
  done < "$here/paths"
  systemctl daemon-reload
  systemctl stop "$@"
  for unit in "$@"; do
    if is_active "$unit"; then fail "$unit is active still"; fi
  done
  if [ -e "$state/hidden" ]; then xargs rm < "$state/hidden"; fi
}

# unmerge_step <unit files…>: what an operator does to take it away. Units that the guest has itself stay.
unmerge_step() {
  ours= active=
  for path in "$@"; do
    if was_there "$path"; then continue; fi
    unit=$(basename "$path")
    ours="$ours $unit"
    if is_active "$unit"; then active="$active $unit"; fi
  done
  # Names of units have no blanks.
  if [ -n "$active" ]; then stop_all $active; fi
  systemd-sysext unmerge || true
  for hierarchy in /usr /opt; do
    if is_merged "$hierarchy"; then fail "it is still merged into $hierarchy"; fi
  done
  # It has done that itself where the image says so.
  if [ "$reload" = no ]; then systemctl daemon-reload; fi
  for unit in $ours; do
    if [ "$(property "$unit" LoadState)" != not-found ]; then fail "systemd still knows $unit"; fi
  done
  while IFS= read -r path; do
    if is_there "$path" && ! was_there "$path"; then fail "/$path is there still"; fi
  done < "$here/paths"
}

# Those that were not before.
failed_step() {
  new=$(failed_units | comm -13 "$state/failed" -)
  if [ -z "$new" ]; then return 0; fi
  for unit in $new; do journal_of "$unit"; done
  fail "failed: $(echo "$new" | paste -s -d ' ')"
}
