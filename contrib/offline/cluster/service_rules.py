"""Remove the packet filter's rules that kube-proxy created for the services."""

from __future__ import annotations

from pathlib import Path

from contrib.offline.cluster.command import run, succeeds
from contrib.offline.cluster.layout import Layout

_LEFT = "KUBE-FIREWALL"
"""The chain that kube-proxy leaves because a kubelet may use it too. The kubelet of this cluster does not."""


def remove(layout: Layout, binaries: Path) -> None:
    """Remove all rules. Raises ClusterError if kube-proxy's own removal fails."""
    program = binaries / "kube-proxy"
    if program.exists():
        run([str(program), "--cleanup", f"--config={layout.configuration / 'kube-proxy.yaml'}"])
    for filter_of in ("iptables", "ip6tables"):
        for chain in ("INPUT", "OUTPUT"):
            succeeds([filter_of, "-w", "-D", chain, "-j", _LEFT])
        for step in ("-F", "-X"):
            succeeds([filter_of, "-w", step, _LEFT])
