#!/usr/bin/env bash
# The release binary for each TARGET, as target/packages/bin/TARGET/pssession (.exe for Windows); Cargo decides what has
# to be built again. For macOS it is only checked that all of it compiles: to link it, Apple's frameworks are needed, which
# come with Xcode alone. Usage: packaging/build.sh TARGET...
set -euo pipefail
source "$(dirname "$0")/common.sh"
source packaging/toolchain.sh
ziglang=0.17.1
cargo_zigbuild=0.24.0
# The oldest glibc that the binary for Debian and rpm packages runs with: that of 2014.
glibc=2.17

# The C compiler, the linker and the libc for every Linux target: what the build machine has leaves no trace.
need_zig() {
    python_tools zig "ziglang==$ziglang" "cargo-zigbuild==$cargo_zigbuild"
    # cargo-zigbuild starts `python3 -m ziglang`.
    PATH="$tools/zig/bin:$PATH"
}

# The compiled standard library from rustup, or its sources from Debian.
need_rust() {
    [ -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ] && return
    say "installing Rust's standard library for $1"
    if rustup target add "$1"; then return; fi
    say "rustup has none: Debian's Rust builds the standard library, too"
    debian_rust
}

build() {
    local target="$1" built="$out/build/$1" flags=() name=pssession cargo checked="" source
    need_rust "$target"
    # The binary names no folder of the machine that built it: where Cargo keeps the sources of the dependencies would
    # otherwise stand in the places of panics.
    cargo fetch --quiet --locked
    for source in "$cargo_home"/registry/src/*; do flags+=("--remap-path-prefix=$source=crates"); done
    flags+=("--remap-path-prefix=/usr/src=src" "--remap-path-prefix=$PWD=.")
    case "$target" in
        *-windows-gnu)
            need x86_64-w64-mingw32-gcc mingw-w64
            # The linker would write the time of day.
            flags+=("-Clink-arg=-Wl,--no-insert-timestamp")
            name=pssession.exe cargo=(cargo build --target "$target") ;;
        *-linux-gnu) need_zig; cargo=(cargo zigbuild --target "$target.$glibc") ;;
        *-linux-musl) need_zig; cargo=(cargo zigbuild --target "$target") ;;
        *-apple-darwin) need_zig; checked=yes cargo=(cargo-zigbuild check --target "$target") ;;
        *) die "no toolchain for $target is known" ;;
    esac
    CARGO_ENCODED_RUSTFLAGS="$(IFS=$'\x1f'; echo "${flags[*]}")"
    export CARGO_ENCODED_RUSTFLAGS
    "${cargo[@]}" --release --locked --bin pssession --target-dir "$built"
    [ -z "$checked" ] || return 0
    # A file that is the same keeps its date, so that what is made from it is not made again.
    install -D --compare "$built/$target/release/$name" "$out/bin/$target/$name"
}

[ "$#" -gt 0 ] || die "usage: packaging/build.sh TARGET..."
for target in "$@"; do
    say "building for $target"
    (build "$target")
done
