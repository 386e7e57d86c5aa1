# What the packaging scripts share; sourced, not run. Leaves the caller at the root of the project.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out="$PWD/target/packages"
tools="$out/tools"
mkdir -p "$out"
cargo_home="${CARGO_HOME:-$HOME/.cargo}"
licences=THIRD-PARTY-LICENSES.txt
sbom=pssession.cdx.json
# Dates in packages are those of the commit, not of the clock.
SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)"
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8 TZ=UTC
umask 022

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

# python_tools NAME REQUIREMENT...: the environment $tools/NAME, with these versions of packages from PyPI.
python_tools() {
    local home="$tools/$1"
    shift
    [ -x "$home/bin/pip" ] || python3 -m venv "$home"
    "$home/bin/pip" install --quiet --disable-pip-version-check "$@"
}

# runner TARGET: sets `run` to what starts a program of this target here, in an empty environment: nothing, qemu-user or
# Wine. Wine 8 lacks a library that Windows has: tests/wine has it for tests only, and no package contains it.
runner() {
    case "$1" in
        *-windows-gnu) need_wine; run=(env -i "HOME=$tools" "WINEPREFIX=$tools/wine" WINEDEBUG=-all wine) ;;
        "$(uname -m)"-*) run=(env -i) ;;
        *) need "qemu-${1%%-*}-static" qemu-user-static; run=(env -i "qemu-${1%%-*}-static") ;;
    esac
}

need_wine() {
    need wine wine64
    need x86_64-w64-mingw32-gcc mingw-w64
    [ -f "$tools/wine/drive_c/windows/system32/bcryptprimitives.dll" ] && return
    (
        source tests/wine/prefix.sh
        HOME="$tools" wine_prefix "$tools/wine"
    )
}

binary() { echo "$out/bin/$1/pssession$(case "$1" in *-windows-*) echo .exe ;; esac)"; }

# prepare TARGET: builds, and makes the folder $payload with what a package of this target consists of: the binary, the
# licence texts, the list of components (SBOM), and the manual pages and completions that the binary prints.
prepare() {
    packaging/build.sh "$1"
    payload="$out/payload/$1"
    [ "$payload/$sbom" -nt "$(binary "$1")" ] && return
    say "licences, components, manual pages and completions for $1"
    rm -rf "$payload"
    mkdir -p "$payload/completions"
    cp "$(binary "$1")" "$payload"
    runner "$1"
    "${run[@]}" "$(binary "$1")" man --dir "$payload/man"
    for shell in bash zsh fish powershell; do
        "${run[@]}" "$(binary "$1")" completions "$shell" > "$payload/completions/$shell"
    done
    runtime_licences "$1"
    python3 packaging/third-party.py "$1" "$payload/$licences" "$payload/$sbom" "${runtime[@]}"
}

# runtime_licences TARGET: sets `runtime` to the texts of what the linker adds.
runtime_licences() {
    local zig
    zig="$(echo "$tools"/zig/lib/python3*/site-packages/ziglang)"
    case "$1" in
        *-windows-gnu) runtime=("mingw-w64=/usr/share/doc/mingw-w64-x86-64-dev/copyright") ;;
        *-linux-musl) runtime=("musl libc=$zig/lib/libc/musl/COPYRIGHT" "the compiler runtime of Zig=$zig/LICENSE") ;;
        *) runtime=("the compiler runtime of Zig=$zig/LICENSE") ;;
    esac
}

# prepare_tree ROOT: what a package for this machine's architecture installs where it uses the glibc that is there.
prepare_tree() {
    local name
    linux_target="$(uname -m)-unknown-linux-gnu"
    prepare "$linux_target"
    install -D --target-directory="$1/usr/bin" "$payload/pssession"
    install_extras "$1/usr/share"
    gzip -9n "$1"/usr/share/man/man1/*
    # By its name the command knows whose spelling it is to read. The short names, rsn and gsn, stay the user's own.
    for name in Remove-PSSession Get-PSSession; do ln -s pssession "$1/usr/bin/$name"; done
    install -D --mode=644 --target-directory="$1/usr/share/doc/pssession" README.md "$payload/$sbom"
}

# install_extras FOLDER: manual pages and completions where man, bash, zsh and fish look below a prefix's share/.
install_extras() {
    install -D --mode=644 --target-directory="$1/man/man1" "$payload"/man/*.1
    install -D --mode=644 "$payload/completions/bash" "$1/bash-completion/completions/pssession"
    install -D --mode=644 "$payload/completions/zsh" "$1/zsh/site-functions/_pssession"
    install -D --mode=644 "$payload/completions/fish" "$1/fish/vendor_completions.d/pssession.fish"
}

# glibc_of PROGRAM: the oldest glibc that has all that it uses.
glibc_of() { LC_ALL=C readelf --version-info "$1" | grep -o 'GLIBC_[0-9.]*' | cut -d_ -f2 | sort --version-sort | tail -n 1; }

# A program that needs a loader names it in its program headers.
assert_static() { ! LC_ALL=C readelf --program-headers "$1" | grep -Fq INTERP || die "$1 is not static"; }

# try_out TARGET PROGRAM [ROOT USER:GROUP]: it does its main job, in an empty environment, and names no folder of this
# machine. With ROOT, in a chroot there, as this user.
try_out() {
    ! LC_ALL=C grep -aqF -e "$PWD/" -e "$cargo_home/" -e "$HOME/" "${3:-}$2" ||
        die "$2 names a folder of this machine"
    runner "$1"
    if [ "$#" -gt 2 ]; then
        local emulator=() file="${run[*]:2:1}"
        [ -z "$file" ] || { install "$(type -P "$file")" "$3/emulator"; emulator=(/emulator); }
        run=(env -i "$(type -P chroot)" "--userspec=$4" "$3" "${emulator[@]}")
    fi
    "${run[@]}" "$2" --version | grep -Fx "pssession $(version)" || die "$2 does not know its version"
    "${run[@]}" "$2" demo | tail -n 1
}

# make_stage: makes a folder, $stage. At the end it goes, and the simulator that start_simulator has started.
make_stage() {
    stage="$(mktemp -d)"
    simulator=
    trap '[ -z "$simulator" ] || kill "$simulator" || true; rm -rf "$stage"' EXIT
}

# start_simulator PROGRAM FILE: sets `simulator` to its process. FILE says how to reach it.
start_simulator() {
    "$1" simulator --output json >"$2" &
    simulator=$!
    until [ -s "$2" ]; do
        kill -0 "$simulator" 2>/dev/null || die "the simulator did not start"
        sleep 0.1
    done
}

# make_packages: every package of packages.list, and the source package, as the only files directly in $out.
make_packages() {
    local script arguments
    rm -rf "$out/payload"
    find "$out" -maxdepth 1 -type f -delete
    while read -r script arguments; do
        say "$script $arguments"
        # shellcheck disable=SC2086 # Each word is an argument.
        packaging/"$script" $arguments </dev/null
    done < <(grep -v '^#' packaging/packages.list)
    cargo package --quiet --locked --no-verify --target-dir "$out/build/crate"
    cp "$out/build/crate/package/pssession-$(version).crate" "$out"
    for payload in "$out"/payload/*; do
        cp "$payload/$sbom" "$out/pssession-$(version)-$(basename "$payload").cdx.json"
    done
}

# figures PACKAGE BINARY
figures() {
    say "$1"
    printf 'package   %9d bytes\nbinary    %9d bytes\n' "$(stat -c %s "$1")" "$(stat -Lc %s "$2")"
}
