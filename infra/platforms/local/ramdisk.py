"""A RAM disk on a folder, where this machine lets us mount one; elsewhere the folder stays a plain one."""

import subprocess
from pathlib import Path


def mount(folder: Path, size: int, owner: int | None = None) -> bool:
    """Mount `size` bytes of memory on a folder; whether it could be done is the answer."""
    options = f"size={size},mode=0700,nosuid,nodev" + (f",uid={owner},gid={owner}" if owner is not None else "")
    command = ["mount", "-t", "tmpfs", "-o", options, "loadtest", str(folder)]
    return _succeeds(command)


def unmount_below(folder: Path) -> None:
    """Unmount whatever is mounted below a folder, the innermost first."""
    mounts = [Path(line.split()[1].replace("\\040", " ")) for line in Path("/proc/mounts").read_text().splitlines()]
    below = [path for path in mounts if path.is_relative_to(folder)]
    for path in sorted(below, key=lambda path: len(path.parts), reverse=True):
        if not _succeeds(["umount", str(path)]):
            # Still busy: gone for everyone who looks now, and for good once its last user ends.
            _succeeds(["umount", "--lazy", str(path)])


def _succeeds(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
