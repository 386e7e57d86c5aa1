#!/usr/bin/env bash
# The binary for TARGET with its manual pages, completions and licences: target/packages/pssession-VERSION-TARGET.tar.gz,
# or .zip for Windows. Usage: packaging/archive.sh TARGET
set -euo pipefail
source "$(dirname "$0")/common.sh"
target="${1:?which target?}"

prepare "$target"
name="pssession-$(version)-$target"
make_stage
cp -R "$payload" "$stage/$name"
cp README.md LICENSE-MIT LICENSE-APACHE "$stage/$name"
program="$name/$(basename "$(binary "$target")")"
case "$target" in
    *-windows-*)
        need zip zip
        archive="$out/$name.zip"
        rm -f "$archive"
        find "$stage/$name" -exec touch --date="@$SOURCE_DATE_EPOCH" {} +
        (cd "$stage" && find "$name" | sort | zip -qX -@ "$archive") ;;
    *)
        archive="$out/$name.tar.gz"
        tar --create --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
            --directory "$stage" "$name" | gzip -9n > "$archive" ;;
esac

say "trying the archive out"
rm -rf "${stage:?}/$name"
case "$archive" in
    *.zip) python3 -m zipfile --extract "$archive" "$stage" ;;
    *)
        tar --extract --gzip --file "$archive" --directory "$stage"
        assert_static "$stage/$program" ;;
esac
try_out "$target" "$stage/$program"
figures "$archive" "$stage/$program"
