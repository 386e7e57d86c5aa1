# Debian's Rust, which has the sources of its standard library: for targets that no toolchain at hand has a compiled one
# for. Sourced, not run; Cargo stays the one on the path.

# debian_rust [DEBIAN-PACKAGE...]: installs it, with what else the target needs (mingw-w64 for Windows), and sets the
# environment in which Cargo builds the standard library along: `cargo build --target x86_64-pc-windows-gnu`.
debian_rust() {
    local packages=(rustc-web rust-web-src "$@")
    if ! dpkg -s "${packages[@]}" >/dev/null 2>&1; then
        printf '\n== installing from Debian: %s\n' "${packages[*]}"
        apt-get update -qq -o DPkg::Lock::Timeout=300
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o DPkg::Lock::Timeout=300 --no-install-recommends \
            "${packages[@]}" >/dev/null
    fi
    # The variable makes the options of the nightly Cargo and compiler known to the stable ones.
    export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_UNSTABLE_BUILD_STD=std,panic_abort
}
