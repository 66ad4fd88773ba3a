"""The claim of one cluster on the machine, and what the machine was like before: written at start, undone at stop."""

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
"""Folders whose place the kubelet and the network plugins give no choice of."""


@dataclass(frozen=True)
class Claim:
    """Whose the machine is, by the folders of state and binaries; the kernel's settings and missing folders before."""

    state: str
    binaries: str
    settings: dict[str, str]
    absent: list[str]


def current() -> Claim | None:
    """The claim in force; None when no cluster was started since the machine was, or the last one was stopped."""
    try:
        return Claim(**json.loads(_FILE.read_text()))
    except FileNotFoundError:
        return None


def take(layout: Layout, binaries: Path) -> None:
    """Claim the machine, unless this state has it. Raises ClusterError when another state has."""
    former = current()
    require_own(former, layout)
    if former is None:
        absent = [folder for folder in _FOLDERS if not Path(folder).exists()]
        _write(Claim(str(layout.folder), str(binaries), kernel.settings(), absent))


def require_own(claim: Claim | None, layout: Layout) -> None:
    """Raises ClusterError when the machine is another state's."""
    if claim is not None and claim.state != str(layout.folder):
        raise ClusterError(f"this machine's cluster is that of {claim.state}: name it with --state, or stop it first")


def release(claim: Claim | None) -> None:
    """Put the kernel's settings back, remove the folders that came with the cluster, and forget the claim."""
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
