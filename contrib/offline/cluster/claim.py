"""The claim of one cluster on the machine, and the machine's previous state: written at start, undone at stop."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from contrib.offline.cluster import kernel
from contrib.offline.cluster.errors import ClusterError
from contrib.offline.cluster.layout import RUNTIME, Layout

_FILE = RUNTIME / "claim.json"
_FOLDERS = ("/var/lib/kubelet", "/var/lib/cni", "/var/log/containers")
"""Folders of the kubelet and the network plugins whose paths are fixed."""


@dataclass(frozen=True)
class Claim:
    """The owner of the claim (folders of state and binaries), earlier kernel settings, and folders that did not exist."""

    state: str
    binaries: str
    settings: dict[str, str]
    absent: list[str]


def current() -> Claim | None:
    """Return the current claim, or None if no cluster was started since the last boot or stop."""
    try:
        return Claim(**json.loads(_FILE.read_text()))
    except FileNotFoundError:
        return None


def take(layout: Layout, binaries: Path) -> None:
    """Claim the machine, unless this state already has it. Raises ClusterError if another state has it."""
    former = current()
    require_own(former, layout)
    if former is None:
        absent = [folder for folder in _FOLDERS if not Path(folder).exists()]
        _write(Claim(str(layout.folder), str(binaries), kernel.settings(), absent))


def require_own(claim: Claim | None, layout: Layout) -> None:
    """Check the owner. Raises ClusterError if the machine is claimed by another state."""
    if claim is not None and claim.state != str(layout.folder):
        raise ClusterError(
            f"--state: {layout.folder} is not the cluster that this machine runs; use {claim.state}, or stop that one first"
        )


def release(claim: Claim | None) -> None:
    """Restore the kernel's settings, remove the folders that the cluster created, and delete the claim."""
    if claim is not None:
        kernel.restore(claim.settings)
        for folder in claim.absent:
            shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(RUNTIME, ignore_errors=True)


def _write(claim: Claim) -> None:
    RUNTIME.mkdir(mode=0o711, parents=True, exist_ok=True)
    unfinished = _FILE.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(asdict(claim), indent=2))
    unfinished.rename(_FILE)
