# A Windows for tests, under Wine. Sourced, not run.

# wine_prefix FOLDER: makes it in this folder, and sets the environment in which `wine` uses it. Wine 8 lacks a library that
# Windows has and Rust's standard library loads: the one beside this file stands in for it.
wine_prefix() {
    export WINEPREFIX="$1" WINEARCH=win64 WINEDEBUG=-all
    mkdir -p "$WINEPREFIX"
    wineboot --init
    x86_64-w64-mingw32-gcc -O2 -Wall -Werror -shared -o "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll" \
        "$(dirname "${BASH_SOURCE[0]}")/bcryptprimitives.c" -ladvapi32
}
