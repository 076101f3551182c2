# Compiles HAProxy as Debian hardens its programs, for every host with the GNU C library that flix brings along.
set -eu

export DEB_BUILD_MAINT_OPTIONS=hardening=+all DEB_CFLAGS_STRIP=-g DEB_LDFLAGS_APPEND=-s
flags=$(dpkg-buildflags --get CFLAGS)
cppflags=$(dpkg-buildflags --get CPPFLAGS)

make -j "$(nproc)" \
  TARGET=linux-glibc CFLAGS="$flags $cppflags" LDFLAGS="$(dpkg-buildflags --get LDFLAGS)" \
  USE_OPENSSL=1 USE_QUIC=1 USE_QUIC_OPENSSL_COMPAT=1 USE_PCRE2=1 USE_PCRE2_JIT=1 USE_ZLIB=1 USE_PROMEX=1 \
  USE_LUA=1 LUA_LIB_NAME=lua5.4 LUA_INC=/usr/include/lua5.4
make install-bin PREFIX=/usr SBINDIR=/usr/bin
