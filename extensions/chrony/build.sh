# Compiles chrony as Debian hardens its programs.
set -eu

export DEB_BUILD_MAINT_OPTIONS=hardening=+all DEB_CFLAGS_STRIP=-g DEB_LDFLAGS_APPEND=-s
eval "$(dpkg-buildflags --export=sh)"

./configure \
  --prefix=/usr --sbindir=/usr/bin --sysconfdir=/etc/chrony --localstatedir=/var \
  --chronyrundir=/run/chrony --with-pidfile=/run/chrony/chronyd.pid \
  --with-user=chrony --enable-scfilter --without-nss --without-tomcrypt
make -j "$(nproc)" chronyc chronyd
install -D --target-directory "$DESTDIR/usr/bin" chronyc chronyd
