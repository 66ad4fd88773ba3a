"""The name of the worker image: the same content has the same name on every platform, so an image is built once."""

import hashlib
from pathlib import Path

REPOSITORY = "loadtest-worker"
DOCKERFILE = "worker/Dockerfile"
"""Relative to the project's folder, which is the build's context."""


def image_name(project: Path, base: str) -> str:
    """Return the image's name, with a tag that depends on the base image and on every file in the image."""
    digest = hashlib.sha256(base.encode())
    files = [path for folder in ("core", "worker") for path in (project / folder).rglob("*") if path.is_file()]
    for path in sorted(path for path in files if "__pycache__" not in path.parts and path.suffix != ".whl"):
        digest.update(str(path.relative_to(project)).encode() + b"\0" + path.read_bytes())
    return f"{REPOSITORY}:{digest.hexdigest()[:12]}"
