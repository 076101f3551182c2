# Compiles all schedulers and tools of the repository that are written in Rust.
set -eu

export CARGO_HOME=$PWD/.cargo CARGO_PROFILE_RELEASE_STRIP=symbols
# Nothing of where it was compiled, and in one order: the same bytes each time.
export CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 RUSTFLAGS="--remap-path-prefix=$PWD=/scx"
cargo build --release --locked

mkdir -p "$DESTDIR/opt/scx"
find target/release -maxdepth 1 -type f -perm /111 -name 'scx*' -exec install -t "$DESTDIR/opt/scx" {} +
