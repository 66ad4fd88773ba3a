"""The paths of a cluster's files: its state is in a folder of the user, and what must not survive a reboot is in /run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from contrib.offline.parts.cache import Cache

CACHE = Cache("cluster")

RUNTIME = Path("/run/loadtest-cluster")
"""Sockets, mounts and the claim on this machine: one cluster per machine, whatever the folder of its state. Paths of sockets
must be short.
"""
SOCKET = RUNTIME / "containerd.sock"


@dataclass(frozen=True)
class Layout:
    """The state of one cluster."""

    folder: Path

    @property
    def configuration(self) -> Path:
        """The programs' configuration files."""
        return self.folder / "conf"

    @property
    def pki(self) -> Path:
        """Keys, certificates and kubeconfigs, readable by this user only."""
        return self.folder / "pki"

    @property
    def data(self) -> Path:
        """The data of the programs: etcd's objects, containerd's images, the kubelet's pods."""
        return self.folder / "data"

    @property
    def logs(self) -> Path:
        """The logs, one per program."""
        return self.folder / "logs"

    @property
    def pids(self) -> Path:
        """The pid files, one per started program."""
        return self.folder / "pids"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, for kubectl, Pulumi and tests."""
        return self.kubeconfig_of("admin")

    def kubeconfig_of(self, user: str) -> Path:
        """Return the path of the kubeconfig of one user of the API server."""
        return self.pki / f"{user}.kubeconfig"

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that the cluster owns in the state's folder. The user may have other files there."""
        return self.configuration, self.pki, self.data, self.logs, self.pids


def default_state() -> Path:
    """Return the state's folder unless the user names one."""
    return CACHE.root / "state"
