"""Mounts under the cluster's folders: volumes, containers' root file systems, pods' network namespaces."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from contrib.offline.cluster.command import run

_OCTAL = re.compile(r"\\([0-7]{3})")
"""Escapes of spaces and similar characters in /proc/self/mounts: fstab(5)."""


def under(folders: Iterable[Path]) -> list[Path]:
    """Return the mount points inside the folders, innermost first."""
    inside = [path for path in _mount_points() if any(path.is_relative_to(folder) for folder in folders)]
    return sorted(inside, reverse=True)


def unmount(folders: Iterable[Path]) -> None:
    """Unmount all of them, even those that are in use. Raises ClusterError if one cannot be unmounted."""
    for path in under(folders):
        run(["umount", "--lazy", str(path)])


def _mount_points() -> list[Path]:
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return [Path(_OCTAL.sub(lambda escaped: chr(int(escaped[1], 8)), line.split()[1])) for line in lines]
