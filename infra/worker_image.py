"""The worker's image: one name for the same files, so that it is built once and every platform means the same one."""

import hashlib
from pathlib import Path

DOCKERFILE = "worker/Dockerfile"
"""From the project's folder, which is the build's context."""


def image_name(project: Path, base: str) -> str:
    """The name of the image that these files make on this base: its tag differs when one of them does."""
    digest = hashlib.sha256(base.encode())
    files = [path for folder in ("spec", "worker") for path in (project / folder).rglob("*") if path.is_file()]
    for path in sorted(path for path in files if "__pycache__" not in path.parts and path.suffix != ".whl"):
        digest.update(str(path.relative_to(project)).encode() + b"\0" + path.read_bytes())
    return f"loadtest-worker:{digest.hexdigest()[:12]}"
