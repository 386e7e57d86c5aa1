#!/usr/bin/env python3
"""Write a container image, FROM scratch, for several platforms, as one OCI archive.

usage: image.py ARCHIVE TAG REVISION ARCHITECTURE=FOLDER...

FOLDER is the root of the image for linux/ARCHITECTURE. Dates are SOURCE_DATE_EPOCH; no other date, owner or order of
this machine gets into the archive.
"""

import datetime
import gzip
import hashlib
import io
import json
import os
import pathlib
import sys
import tarfile

USER = 65532  # The customary number of "nonroot" in images that have no list of users.
EPOCH = int(os.environ["SOURCE_DATE_EPOCH"])
CREATED = datetime.datetime.fromtimestamp(EPOCH, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
OCI = "application/vnd.oci.image"


def main(archive, tag, revision, *platforms):
    files = {"oci-layout": encode({"imageLayoutVersion": "1.0.0"})}

    def blob(content, kind, **more):
        digest = hashlib.sha256(content).hexdigest()
        files[f"blobs/sha256/{digest}"] = content
        return {"mediaType": f"{OCI}.{kind}", "digest": f"sha256:{digest}", "size": len(content), **more}

    def index(*manifests):
        return encode({"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": manifests})

    images = []
    for platform in platforms:
        architecture, folder = platform.split("=", 1)
        layer = tar(tree(pathlib.Path(folder)))
        where = {"architecture": architecture, "os": "linux"}
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": blob(encode(where | config(tag, revision, layer)), "config.v1+json"),
            "layers": [blob(gzip.compress(layer, mtime=0), "layer.v1.tar+gzip")],
        }
        images.append(blob(encode(manifest), "manifest.v1+json", platform=where))
    name = {"org.opencontainers.image.ref.name": tag, "io.containerd.image.name": f"pssession:{tag}"}
    files["index.json"] = index(blob(index(*images), "index.v1+json", annotations=name))
    pathlib.Path(archive).write_bytes(tar((entry(name, 0o644), files[name]) for name in sorted(files)))


def config(tag, revision, layer):
    labels = {"title": "pssession", "version": tag, "revision": revision, "licenses": "MIT OR Apache-2.0"}
    return {
        "created": CREATED,
        "config": {
            "User": f"{USER}:{USER}",
            "Env": ["PATH=/usr/bin", "HOME=/data"],
            "Entrypoint": ["/usr/bin/pssession"],
            "WorkingDir": "/data",
            "ExposedPorts": {"5985/tcp": {}, "5986/tcp": {}},
            "Labels": {f"org.opencontainers.image.{name}": value for name, value in labels.items()},
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        "history": [{"created": CREATED, "created_by": "packaging/image.sh"}],
    }


def tree(root):
    """What lies below a folder; `data` and `tmp` can be written by the image's user."""
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if not path.is_dir():
            yield entry(name, 0o755 if os.access(path, os.X_OK) else 0o644), path.read_bytes()
            continue
        found = entry(name, {"tmp": 0o1777, "data": 0o700}.get(name, 0o755))
        found.type = tarfile.DIRTYPE
        found.uid = found.gid = USER if name == "data" else 0
        yield found, b""


def entry(name, mode):
    found = tarfile.TarInfo(name)
    found.mode, found.mtime = mode, EPOCH
    return found


def tar(members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as out:
        for found, content in members:
            found.size = len(content)
            out.addfile(found, io.BytesIO(content))
    return buffer.getvalue()


def encode(value):
    return json.dumps(value, separators=(",", ":")).encode()


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
