#!/bin/busybox sh
# The first program of a virtual machine: puts its root together and hands over to the systemd in there.
#
# Disks, in their order: the distribution's tree, the kernel's modules, the files that are put over them. What is written
# goes to memory. No overlay lies below /usr but this one: systemd-sysext puts one on it, and the kernel stacks two.
set -e
export PATH=/bin
/bin/busybox mkdir -p /proc /sys /dev /layers/tree /layers/modules /layers/files /layers/memory /root
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev

for module in /modules/*.ko; do insmod "$module"; done

mount -t squashfs -o ro /dev/vda /layers/tree
mount -t squashfs -o ro /dev/vdb /layers/modules
mount -t squashfs -o ro /dev/vdc /layers/files
mount -t tmpfs -o mode=755,size=80% memory /layers/memory
mkdir /layers/memory/upper /layers/memory/work
mount -t overlay -o lowerdir=/layers/files:/layers/modules:/layers/tree,upperdir=/layers/memory/upper,workdir=/layers/memory/work \
  root /root

# A folder that is in several layers has the mode of the uppermost, which knows nothing of it.
cd /layers/files
find . -type d | while read -r folder; do
  [ ! -d "/layers/tree/$folder" ] || chmod "$(stat -c %a "/layers/tree/$folder")" "/root/$folder"
done
cd /

# Without a modprobe the guest's kernel finds no file system that it does not have by now.
if [ ! -e /root/usr/sbin/modprobe ]; then
  while read -r module; do
    xzcat "/layers/modules/$module" > /module.ko
    insmod /module.ko
  done < /filesystems
fi

ip link set lo up
ip address add 10.0.2.15/24 dev eth0
ip link set eth0 up
ip route add default via 10.0.2.2
[ -s /root/etc/resolv.conf ] || echo nameserver 10.0.2.3 > /root/etc/resolv.conf

mount -t tmpfs -o mode=755 run /root/run
mkdir -p /root/run/guest/job
for port in /sys/class/virtio-ports/*; do
  [ ! -e "$port/name" ] || ln -s "/dev/${port##*/}" "/root/run/guest/job/$(cat "$port/name")"
done

for folder in dev proc sys; do mount --move "/$folder" "/root/$folder"; done
exec switch_root /root /usr/lib/systemd/systemd
