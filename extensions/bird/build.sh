# Compiles BIRD as Debian hardens its programs.
set -eu

export DEB_BUILD_MAINT_OPTIONS=hardening=+all DEB_CFLAGS_STRIP=-g DEB_LDFLAGS_APPEND=-s
eval "$(dpkg-buildflags --export=sh)"

autoreconf --install
./configure \
  --prefix=/usr --sbindir=/usr/bin --sysconfdir=/etc/bird --localstatedir=/var --runstatedir=/run --enable-libssh
make -j "$(nproc)" all
install -D --target-directory "$DESTDIR/usr/bin" bird birdc birdcl
