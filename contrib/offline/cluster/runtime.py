"""The cluster's own containerd: its images, and the shims that hold its containers."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from contrib.offline.cluster.command import run, succeeds
from contrib.offline.cluster.daemon import start_time
from contrib.offline.cluster.errors import ClusterError
from contrib.offline.cluster.layout import SOCKET, Layout

_CTR = ("ctr", "--address", str(SOCKET), "--namespace", "k8s.io")


def answers() -> bool:
    """Return whether containerd responds."""
    return succeeds([*_CTR, "version"])


def import_archives(folder: Path) -> None:
    """Import each image archive of a folder. Raises ClusterError if containerd rejects one."""
    for archive in sorted(folder.glob("*.tar")):
        run([*_CTR, "images", "import", str(archive)])


def load(layout: Layout, image: str) -> bool:
    """Copy an image from Docker, unless the cluster has the same under that name; return whether it was copied.

    Raises ClusterError if Docker has no such image, or if the copy fails.
    """
    identity = run(["docker", "image", "inspect", "--format", "{{.Id}}", image]).strip()
    loaded = layout.data / "loaded" / image.replace("/", "%2F")
    if loaded.exists() and loaded.read_text() == identity:
        return False
    save, take = ["docker", "save", image], [*_CTR, "images", "import", "-"]
    with subprocess.Popen(save, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as saving:
        taking = subprocess.run(take, stdin=saving.stdout, capture_output=True, text=True, check=False)
        complaint = saving.communicate()[1].decode(errors="replace")
    if saving.returncode or taking.returncode:
        raise ClusterError(
            f"{image} could not be copied into the cluster: {complaint.strip() or taking.stderr.strip()}"
        )
    loaded.parent.mkdir(exist_ok=True)
    loaded.write_text(identity)
    return True


def kill_shims() -> None:
    """End the shims, which outlive containerd. Only shims of this cluster have its socket on their command line."""
    for pid in shims():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it ended with its container


def shims() -> list[int]:
    """Yield the process ids of running shims."""
    address = str(SOCKET).encode()
    return [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if start_time(int(process.name)) is not None and address in _arguments(process) and _is_shim(process)
    ]


def _arguments(process: Path) -> list[bytes]:
    try:
        return (process / "cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def _is_shim(process: Path) -> bool:
    arguments = _arguments(process)
    return bool(arguments) and Path(os.fsdecode(arguments[0])).name.startswith("containerd-shim")
