"""Run the machine's own tools for networks, images and certificates."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from contrib.offline.cluster.errors import ClusterError

_TAIL_LINES = 5


def run(command: Sequence[str], *, folder: Path | None = None, text: str | None = None) -> str:
    """Return a command's standard output, given `text` on its standard input. Raises ClusterError if it fails."""
    done = subprocess.run(command, cwd=folder, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        why = "; ".join((done.stderr or done.stdout).strip().splitlines()[-_TAIL_LINES:])
        raise ClusterError(f"`{' '.join(command)}` failed: {why}")
    return done.stdout


def succeeds(command: Sequence[str]) -> bool:
    """Return whether a command ends with exit code 0: for queries, and for removing what may not exist."""
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
