#!/usr/bin/env bash
# A Debian package for this machine's architecture: target/packages/pssession_VERSION-1_ARCHITECTURE.deb.
set -euo pipefail
source "$(dirname "$0")/common.sh"

need dpkg-shlibdeps dpkg-dev
need lintian lintian
stage="$(mktemp -d)"
trap 'rm -rf "$stage"' EXIT
tree="$stage/tree"
prepare_tree "$tree"
doc="$tree/usr/share/doc/pssession"
install --mode=644 packaging/debian/copyright "$doc"
gzip -9nc "$payload/$licences" > "$doc/$licences.gz"
gzip -9nc CHANGELOG.md > "$doc/changelog.gz"
mv "$tree/usr/share/zsh/site-functions" "$tree/usr/share/zsh/vendor-completions"

# The fields that Debian's tools work out themselves, and the log of the package.
architecture="$(dpkg --print-architecture)"
deb="$out/pssession_$(version)-1_$architecture.deb"
mkdir -p "$stage/debian" "$tree/DEBIAN"
cp packaging/debian/control "$stage/debian/control"
libraries="$(cd "$stage" && dpkg-shlibdeps -O tree/usr/bin/pssession | sed -n 's/^shlibs:Depends=//p')"
sed -e '/^Source:/,/^$/d' -e "s/\${version}/$(version)-1/; s/\${architecture}/$architecture/; s/\${libraries}/$libraries/" \
    -e "s/\${size}/$(du -ks --apparent-size "$tree/usr" | cut -f1)/" "$stage/debian/control" > "$tree/DEBIAN/control"
maintainer="$(sed -n 's/^Maintainer: //p;/^$/q' packaging/debian/control)"
printf 'pssession (%s-1) unstable; urgency=medium\n\n  * See changelog.gz.\n\n -- %s  %s\n' "$(version)" "$maintainer" \
    "$(date --rfc-email --date="@$SOURCE_DATE_EPOCH")" | gzip -9n > "$doc/changelog.Debian.gz"
(cd "$tree" && find usr -type f -print0 | sort -z | xargs -0 md5sum > DEBIAN/md5sums)
dpkg-deb --root-owner-group -Zxz --build "$tree" "$deb"

say "trying the package out"
# It is in no archive yet, so that no bug asks for it.
lintian --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs "$deb"
root="$stage/root"
dpkg-deb --extract "$deb" "$root"
dpkg-deb --info "$deb" | sed -n '/Package:/,$p'
dpkg-deb --contents "$deb"
try_out "$linux_target" "$root/usr/bin/pssession"
for name in Remove-PSSession Get-PSSession; do
    env -i "$root/usr/bin/$name" '-?' | grep -Fq "$name" || die "/usr/bin/$name does not answer to its name"
done
figures "$deb" "$root/usr/bin/pssession"
