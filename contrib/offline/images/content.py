"""The content of an image: a digest of everything that goes into it and is ours to choose."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path


def content_hash(parts: Mapping[str, object]) -> str:
    """Sixteen hexadecimal digits that change with any of the (JSON-able) parts."""
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def folder_listing(folder: Path) -> dict[str, str]:
    """A folder's files by relative path: whether each may be executed, and the SHA-256 digest of its bytes.

    Other permissions and dates are left out: they differ from one clone to the next.
    """
    return {
        path.relative_to(folder).as_posix(): ("x:" if os.access(path, os.X_OK) else "-:")
        + hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def copy_content(source: Path, target: Path) -> None:
    """Copies a folder's files into another one, with what `folder_listing` tells of them and no more.

    All may be read by all, whatever the umask of the one who cloned them: servers run as users of their own.
    """
    for path in sorted(source.rglob("*")):
        copy = target / path.relative_to(source)
        if path.is_file():
            copy.write_bytes(path.read_bytes())
            copy.chmod(0o755 if os.access(path, os.X_OK) else 0o644)
        elif not copy.exists():
            copy.mkdir()
            copy.chmod(0o755)
