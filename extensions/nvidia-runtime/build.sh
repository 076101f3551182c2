# Takes the programs and libraries out of NVIDIA's packages. Their scripts are for Debian and are not run.
set -eu

mkdir tree
for name in libnvidia-container1 libnvidia-container-tools nvidia-container-toolkit-base nvidia-container-toolkit; do
  dpkg-deb --extract "$name"_*.deb tree
done

mkdir -p "$DESTDIR/usr/lib64" "$DESTDIR/usr/bin"
cp -a tree/usr/bin/. "$DESTDIR/usr/bin/"
cp -a "tree/usr/lib/$UNAME_ARCH-linux-gnu/." "$DESTDIR/usr/lib64/"

# Since 1.18 there are units that describe GPUs for the Container Device Interface.
if [ -d tree/etc/systemd ]; then
  mkdir -p "$DESTDIR/usr/lib/systemd"
  cp -a tree/etc/systemd/. "$DESTDIR/usr/lib/systemd/"
fi
# tmpfiles.d copies it to /etc.
if [ -d tree/etc/nvidia-container-toolkit ]; then
  mkdir -p "$DESTDIR/usr/share/flatcar/etc"
  cp -a tree/etc/nvidia-container-toolkit "$DESTDIR/usr/share/flatcar/etc/"
fi
