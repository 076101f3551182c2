# Compiles keepalived as Debian hardens its programs. Nothing is left to be loaded while it runs, where a host may have
# another version of it: --disable-dynamic-linking.
set -eu

export DEB_BUILD_MAINT_OPTIONS=hardening=+all DEB_CFLAGS_STRIP=-g DEB_LDFLAGS_APPEND=-s
eval "$(dpkg-buildflags --export=sh)"

./autogen.sh
./configure \
  --prefix=/usr --sbindir=/usr/bin --sysconfdir=/etc --localstatedir=/var --with-init=systemd \
  --disable-dynamic-linking --enable-bfd --enable-json --enable-nftables --enable-regex
make -j "$(nproc)"
install -D --target-directory "$DESTDIR/usr/bin" bin/keepalived
