# Compiles all schedulers and tools of the repository that are written in Rust.
set -eu

# In one order and without symbols: the same bytes each time.
export CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 CARGO_PROFILE_RELEASE_STRIP=symbols
cargo build --release --locked

mkdir -p "$DESTDIR/opt/scx"
find target/release -maxdepth 1 -type f -perm /111 -name 'scx*' -exec install -t "$DESTDIR/opt/scx" {} +
