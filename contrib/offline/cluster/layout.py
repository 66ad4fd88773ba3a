"""Where a cluster's files lie: its state in a folder of the user's, what cannot outlive the machine's run in /run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from contrib.offline.parts.cache import Cache

CACHE = Cache("cluster")

RUNTIME = Path("/run/loadtest-cluster")
"""Sockets, mounts and the claim on this machine: one cluster a machine, whatever its state's folder. Sockets' paths
have to be short."""
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
        """What the programs keep: etcd's objects, containerd's images, the kubelet's pods."""
        return self.folder / "data"

    @property
    def logs(self) -> Path:
        """One log a program."""
        return self.folder / "logs"

    @property
    def pids(self) -> Path:
        """One file a program that was started."""
        return self.folder / "pids"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's, for kubectl, Pulumi and tests."""
        return self.kubeconfig_of("admin")

    def kubeconfig_of(self, user: str) -> Path:
        """The kubeconfig of one user of the API server."""
        return self.pki / f"{user}.kubeconfig"

    @property
    def folders(self) -> tuple[Path, ...]:
        """All that is the cluster's in the state's folder, which may be the user's for other things too."""
        return self.configuration, self.pki, self.data, self.logs, self.pids


def default_state() -> Path:
    """The state's folder unless the user names one."""
    return CACHE.root / "state"
