#!/usr/bin/env bash
# A Debian package for this machine's architecture: target/packages/pssession_VERSION-1_ARCHITECTURE.deb.
set -euo pipefail
source "$(dirname "$0")/common.sh"

need lintian lintian
need mmdebstrap mmdebstrap
# The oldest Debian that it is tried out on.
suite=bullseye
make_stage
tree="$stage/tree"
prepare_tree "$tree"
doc="$tree/usr/share/doc/pssession"
install --mode=644 packaging/debian/copyright "$doc"
gzip -9nc "$payload/$licences" > "$doc/$licences.gz"
gzip -9nc CHANGELOG.md > "$doc/changelog.gz"
mv "$tree/usr/share/zsh/site-functions" "$tree/usr/share/zsh/vendor-completions"

# dpkg-shlibdeps would ask for the glibc of the machine that builds: there dlsym and others are in another library than
# where the binary looks for them.
glibc="$(glibc_of "$payload/pssession")"
architecture="$(dpkg --print-architecture)"
deb="$out/pssession_$(version)-1_$architecture.deb"
mkdir "$tree/DEBIAN"
sed -e "s/\${version}/$(version)-1/; s/\${architecture}/$architecture/; s/\${glibc}/$glibc/" \
    -e "s/\${size}/$(du -ks --apparent-size "$tree/usr" | cut -f1)/" packaging/debian/control > "$tree/DEBIAN/control"
maintainer="$(sed -n 's/^Maintainer: //p' packaging/debian/control)"
printf 'pssession (%s-1) unstable; urgency=medium\n\n  * See changelog.gz.\n\n -- %s  %s\n' "$(version)" "$maintainer" \
    "$(date --rfc-email --date="@$SOURCE_DATE_EPOCH")" | gzip -9n > "$doc/changelog.Debian.gz"
(cd "$tree" && find usr -type f -print0 | sort -z | xargs -0 md5sum > DEBIAN/md5sums)
dpkg-deb --root-owner-group -Zxz --build "$tree" "$deb"

say "trying the package out"
# It is in no archive yet, so that no bug asks for it.
lintian --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs "$deb"
dpkg-deb --info "$deb" | sed -n '/Package:/,$p'
dpkg-deb --contents "$deb"
fresh="$tools/debian-$suite.tar"
[ -f "$fresh" ] || { mmdebstrap --quiet --format=tar --variant=apt "$suite" "$fresh.new"; mv "$fresh.new" "$fresh"; }
root="$stage/root"
mkdir "$root"
tar --extract --file "$fresh" --directory "$root" --exclude './dev/*'
install "$deb" "$root/pssession.deb"
# What it recommends is in an archive; what it needs is there.
DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get install --quiet -o Dpkg::Use-Pty=0 --no-install-recommends ./pssession.deb
try_out "$linux_target" /usr/bin/pssession "$root" 65534:65534
for name in Remove-PSSession Get-PSSession; do
    chroot "$root" "$name" '-?' | grep -Fq "$name" || die "/usr/bin/$name does not answer to its name"
done
figures "$deb" "$root/usr/bin/pssession"
