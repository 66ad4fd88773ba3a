"""Write an image with one static executable, without a container engine."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from dataclasses import dataclass
from pathlib import Path

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Image:
    """An image: its name with tag, and the executable that is its only file and its entry point."""

    name: str
    executable: Path


def write_archive(image: Image, archive: Path) -> None:
    """Write a reproducible archive for `docker load` and `ctr images import`."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as files:
        _add(files, image.executable.name, image.executable.read_bytes(), mode=0o755)
    content = layer.getvalue()
    machine = platform.machine()
    configuration = _json(
        {
            "architecture": _ARCHITECTURES.get(machine, machine),
            "os": "linux",
            "config": {"Entrypoint": [f"/{image.executable.name}"], "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(content).hexdigest()}"]},
        }
    )
    named = f"{hashlib.sha256(configuration).hexdigest()}.json"
    with tarfile.open(archive, "w") as files:
        _add(files, named, configuration)
        _add(files, "manifest.json", _json([{"Config": named, "RepoTags": [image.name], "Layers": ["layer.tar"]}]))
        _add(files, "layer.tar", content)


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _add(files: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    files.addfile(entry, io.BytesIO(content))
