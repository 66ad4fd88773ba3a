"""The kernel's settings that a cluster needs or changes, and their return."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from contrib.offline.cluster.command import succeeds
from contrib.offline.cluster.errors import ClusterError

_SETTINGS = Path("/proc/sys")
_NEEDED = {
    "net/ipv4/ip_forward": 1,
    "net/bridge/bridge-nf-call-iptables": 1,
    "fs/inotify/max_user_instances": 1024,
}
"""What the cluster needs, at least."""
_RESTORED = (
    "fs/inotify/max_user_instances",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
"""What is put back: one of ours, and those that the kubelet changes. Not the two of the network: whoever came after us,
a Docker engine for one, may rely on them by then."""


def settings() -> dict[str, str]:
    """The settings as they are, of those that can be put back."""
    return {name: _read(name) for name in _RESTORED if (_SETTINGS / name).exists()}


def prepare() -> None:
    """Set what the cluster needs.

    Raises ClusterError where the kernel has no filter for bridges: without it a pod cannot reach a service whose pods
    are on its own bridge.
    """
    if not (_SETTINGS / "net/bridge").exists() and not succeeds(["modprobe", "br_netfilter"]):
        raise ClusterError("the kernel has no br_netfilter, which services need: load that module")
    for name, least in _NEEDED.items():
        if int(_read(name)) < least:
            (_SETTINGS / name).write_text(str(least))


def restore(before: Mapping[str, str]) -> None:
    """Put settings back."""
    for name, value in before.items():
        (_SETTINGS / name).write_text(value)


def _read(name: str) -> str:
    return (_SETTINGS / name).read_text().strip()
