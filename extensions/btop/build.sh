# Compiles btop. Its Makefile has its own idea of what ARCH means.
set -eu

make -j "$(nproc)" ARCH="$UNAME_ARCH" STRIP=true QUIET=true
make install PREFIX=/usr ARCH="$UNAME_ARCH" STRIP=true QUIET=true
