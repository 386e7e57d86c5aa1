# What the packaging scripts share; sourced, not run. Leaves the caller at the root of the project.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out="$PWD/target/packages"
mkdir -p "$out"
musl_target=x86_64-unknown-linux-musl
cargo_home="${CARGO_HOME:-$HOME/.cargo}"
licences=THIRD-PARTY-LICENSES.txt

say() { printf '\n== %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

version() { sed -n 's/^version = "\(.*\)"/\1/p;/^\[features\]/q' Cargo.toml; }

# need COMMAND DEBIAN-PACKAGE
need() {
    command -v "$1" >/dev/null && return
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || die "$1 is missing: install Debian's $2"
    say "installing Debian's $2"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null
}

# build [CARGO OPTIONS]: the binary as every package has it. It names no folder of the machine that built it: where Cargo
# keeps the sources of the dependencies would otherwise stand in the places of panics.
build() {
    nice -n 10 cargo fetch --quiet --locked
    local flags=() source
    for source in "$cargo_home"/registry/src/*; do flags+=("--remap-path-prefix=$source=crates"); done
    CARGO_ENCODED_RUSTFLAGS="$(IFS=$'\x1f'; echo "${flags[*]}")"
    export CARGO_ENCODED_RUSTFLAGS
    nice -n 10 cargo build --release --locked --bin pssession "$@"
}

need_musl() {
    need musl-gcc musl-tools
    if ! [ -d "$(rustc --print sysroot)/lib/rustlib/$musl_target/lib" ]; then
        say "installing Rust's standard library for $musl_target"
        rustup target add "$musl_target" ||
            die "Rust's standard library for $musl_target is missing and rustup cannot fetch it: see packaging/README.md"
    fi
    # C code in the dependencies (ring, SQLite) has to see musl's headers, not those of the host's libc.
    export CC_x86_64_unknown_linux_musl=musl-gcc
}

# extras BINARY: the manual pages and completions that it prints, in $share.
share="$out/share"
extras() {
    rm -rf "$share"
    mkdir -p "$share/completions"
    "$1" man --dir "$share/man"
    for shell in bash zsh fish powershell; do
        "$1" completions "$shell" > "$share/completions/$shell"
    done
}

# install_extras FOLDER: the same where man, bash, zsh and fish look below a prefix's share/.
install_extras() {
    install -D --mode=644 --target-directory="$1/man/man1" "$share"/man/*.1
    install -D --mode=644 "$share/completions/bash" "$1/bash-completion/completions/pssession"
    install -D --mode=644 "$share/completions/zsh" "$1/zsh/site-functions/_pssession"
    install -D --mode=644 "$share/completions/fish" "$1/fish/vendor_completions.d/pssession.fish"
}

assert_static() {
    LC_ALL=C ldd "$1" 2>&1 | grep -Eq 'statically linked|not a dynamic executable' || die "$1 is not static"
}

# The binary does its main job, in an empty environment, and names no folder of this machine.
try_out() {
    ! LC_ALL=C grep -aqF -e "$PWD/" -e "$cargo_home/" "$1" || die "$1 names a folder of this machine"
    env -i "$1" --version | grep -Fx "pssession $(version)" || die "$1 does not know its version"
    env -i "$1" demo | tail -n 1
}

# figures BINARY PACKAGE: sizes and start-up; `true` beside it shows what the machine itself takes to start anything.
figures() {
    say "$2"
    printf 'package   %9d bytes\nbinary    %9d bytes\n' "$(stat -c %s "$2")" "$(stat -Lc %s "$1")"
    printf 'start-up  %9d microseconds (median of 7 runs of --version; %d for true)\n' \
        "$(median_time "$1")" "$(median_time "$(type -P true)")"
}

median_time() {
    local start end
    for _ in {1..7}; do
        start=${EPOCHREALTIME/[.,]/}
        "$1" --version >/dev/null
        end=${EPOCHREALTIME/[.,]/}
        echo $((end - start))
    done | sort -n | sed -n 4p
}
