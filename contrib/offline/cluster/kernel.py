"""Kernel settings that a cluster needs or changes, and how to restore them."""

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
"""Minimum values for the cluster."""
_RESTORED = (
    "fs/inotify/max_user_instances",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
"""The settings that are restored: one of the cluster's and those that the kubelet changes. The two network settings
stay, because other programs, such as a Docker engine, may already rely on them.
"""


def settings() -> dict[str, str]:
    """Return the current values of the settings that can be restored."""
    return {name: _read(name) for name in _RESTORED if (_SETTINGS / name).exists()}


def prepare() -> None:
    """Change the settings that the cluster needs.

    Raises ClusterError if the kernel has no filter for bridges: without it a pod cannot reach a service whose pods are on its
    own bridge.
    """
    if not (_SETTINGS / "net/bridge").exists() and not succeeds(["modprobe", "br_netfilter"]):
        raise ClusterError(
            "the kernel module br_netfilter is not loaded; services need it: run `modprobe br_netfilter`"
        )
    for name, least in _NEEDED.items():
        if int(_read(name)) < least:
            (_SETTINGS / name).write_text(str(least))


def restore(before: Mapping[str, str]) -> None:
    """Restore settings."""
    for name, value in before.items():
        (_SETTINGS / name).write_text(value)


def _read(name: str) -> str:
    return (_SETTINGS / name).read_text().strip()
