"""The content of an image: a digest of everything in it that the recipe decides."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path


def content_hash(parts: Mapping[str, object]) -> str:
    """Return sixteen hexadecimal digits that change with any of the (JSON-able) parts."""
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def folder_listing(folder: Path) -> dict[str, str]:
    """Return a folder's files by relative path: whether each is executable, and the SHA-256 digest of its bytes.

    Other permissions and dates are left out, because they differ between clones.
    """
    return {
        path.relative_to(folder).as_posix(): ("x:" if os.access(path, os.X_OK) else "-:")
        + hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def copy_content(source: Path, target: Path) -> None:
    """Copy a folder's files with the properties that `folder_listing` returns, and no others.

    All users may read the copies, whatever the umask of the clone, because servers run as other users.
    """
    for path in sorted(source.rglob("*")):
        copy = target / path.relative_to(source)
        if path.is_file():
            copy.write_bytes(path.read_bytes())
            copy.chmod(0o755 if os.access(path, os.X_OK) else 0o644)
        elif not copy.exists():
            copy.mkdir()
            copy.chmod(0o755)
