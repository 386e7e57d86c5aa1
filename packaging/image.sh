#!/usr/bin/env bash
# A container image for amd64 and arm64, FROM scratch, as the OCI archive target/packages/pssession-VERSION-oci.tar: the
# static binary, certificates of public authorities, licence texts. No daemon builds it.
set -euo pipefail
source "$(dirname "$0")/common.sh"
# Mozilla's list of authorities; the list of the build machine may have others.
certifi=2026.10.18
declare -A platforms=([amd64]=x86_64-unknown-linux-musl [arm64]=aarch64-unknown-linux-musl)

need skopeo skopeo
need umoci umoci
python_tools certifi "certifi==$certifi"
certificates="$("$tools/certifi/bin/python" -m certifi)"
make_stage
arguments=()
for architecture in amd64 arm64; do
    target="${platforms[$architecture]}"
    prepare "$target"
    root="$stage/$architecture"
    mkdir -p "$root/data" "$root/tmp"
    install -D "$payload/pssession" "$root/usr/bin/pssession"
    install -D --mode=644 "$certificates" "$root/etc/ssl/certs/ca-certificates.crt"
    install -D --mode=644 --target-directory="$root/usr/share/doc/pssession" LICENSE-MIT LICENSE-APACHE \
        "$payload/$licences" "$payload/$sbom" "$(dirname "$certificates")"/../certifi-*.dist-info/licenses/LICENSE
    arguments+=("$architecture=$root")
done
archive="$out/pssession-$(version)-oci.tar"
python3 packaging/image.py "$archive" "$(version)" "$(git rev-parse HEAD)" "${arguments[@]}"

say "trying the image out"
for architecture in amd64 arm64; do
    target="${platforms[$architecture]}"
    skopeo copy --quiet --override-arch "$architecture" "oci-archive:$archive" "oci:$stage/layout:$architecture"
    skopeo inspect --config "oci:$stage/layout:$architecture" | grep -F '"User": "65532:65532"'
    umoci unpack --image "$stage/layout:$architecture" "$stage/$architecture-run" 2>&1 | grep -v 'level=info' || true
    root="$stage/$architecture-run/rootfs"
    assert_static "$root/usr/bin/pssession"
    try_out "$target" /usr/bin/pssession "$root" 65532:65532
    # `run` is the chroot now. A certificate needs /tmp.
    coproc simulator { exec "${run[@]}" /usr/bin/pssession simulator --tls -o json; }
    process=$simulator_PID
    read -r line <&"${simulator[0]}"
    grep -F '"CertificatePin"' <<<"$line" >/dev/null || die "the image is no simulator: $line"
    kill "$process"
    wait "$process"
    [ "$(stat -c %u "$root/data")" = 65532 ] || die "the image's user cannot write /data"
done
figures "$archive" "$stage/amd64/usr/bin/pssession"
