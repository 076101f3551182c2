#!/bin/sh
# Boots a guest in mounts, processes and control groups of its own: nspawn.ts runs it under unshare(1), so that all of
# it is gone when its first process is.
#
#   nspawn.sh boot <tree> <work> <name> <size> <argument of systemd>
#                                                work has files/, job/ and ports/, and an empty rig/
#   nspawn.sh probe                              whether mounts as these are allowed here
#   nspawn.sh remove <name>                      removes the control group, when what was in it has ended
set -eu
umask 022

# The guest's systemd wants control groups of version 2, and a part of them to itself: ours, wherever they are mounted.
own_group() {
  mount -t cgroup2 cgroup2 "$1"
  group="$1$(sed -n 's/^0:://p' /proc/self/cgroup)"
}

remove_group() {
  # Kernels before 5.14 have no cgroup.kill; the process that held them together is gone anyway.
  [ ! -e "$1/cgroup.kill" ] || echo 1 > "$1/cgroup.kill"
  for _ in $(seq 100); do
    find "$1" -depth -type d -exec rmdir {} \; 2>/dev/null || true
    [ -d "$1" ] || return 0
    sleep 0.1
  done
  echo "processes of the guest do not end" >&2
  return 1
}

case $1 in
boot)
  tree=$2 work=$3 name=$4 size=$5 argument=$6
  cd "$work"
  mount -t tmpfs -o "mode=755,size=$size" guest rig
  cd rig
  mkdir cgroup dev job ports root tree upper work
  mount --bind "$tree" tree
  mount --bind ../job job
  mount --bind ../ports ports
  # One overlay and no more below /usr: systemd-sysext puts another one on it, and the kernel stacks two.
  mount -t overlay -o lowerdir=tree,upperdir=upper,workdir=work guest root
  # A file that replaces one has its own mode.
  cp -R --remove-destination ../files/. root/
  # The kernel gives out the first loop device that is free on the whole machine then: those that are in use now may be
  # free, and those that are free may not.
  number=0 free=0
  while [ "$free" -lt 16 ]; do
    mknod "dev/loop$number" b 7 "$number"
    if [ ! -e "/sys/block/loop$number/loop/backing_file" ]; then free=$((free + 1)); fi
    number=$((number + 1))
  done
  own_group cgroup
  mkdir "$group/$name"
  echo 0 > "$group/$name/cgroup.procs"
  # Under a name without characters that mean something to systemd-nspawn, and over what it would write on this machine.
  mount --rbind . /run
  exec unshare --cgroup -- sh "$0" start "$argument"
  ;;
start)
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  argument=$2
  set --
  for node in /run/dev/loop*; do set -- "$@" "--bind=$node:/dev/${node##*/}"; done
  # Without CAP_MKNOD: a guest has no business with this machine's disks.
  exec systemd-nspawn --quiet --directory=/run/root --boot --machine=guest --register=no --keep-unit --settings=no \
    --link-journal=no --private-network --resolv-conf=off --timezone=off --console=read-only \
    --drop-capability=CAP_MKNOD --setenv=SYSTEMD_COLORS=0 \
    --bind=/dev/loop-control "$@" --bind=/run/job:/run/guest/job --bind=/run/ports:/run/guest/ports \
    -- "$argument"
  ;;
probe)
  mount -t tmpfs guest /run
  cd /run
  mkdir cgroup lower root upper work
  mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work guest root
  own_group cgroup
  [ -w "$group/cgroup.procs" ]
  ;;
remove)
  mount -t tmpfs guest /run
  mkdir /run/cgroup
  own_group /run/cgroup
  if [ -d "$group/$2" ]; then remove_group "$group/$2"; fi
  # Those that a process has left which was killed; the last part of their names is its id.
  for old in "$group"/sysext-bakery-*; do
    if [ -d "$old" ] && [ ! -d "/proc/${old##*-}" ]; then remove_group "$old"; fi
  done
  ;;
esac
