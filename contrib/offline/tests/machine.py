"""Find what a cluster left on the machine, independently of the code that removes it."""

import re
import subprocess
from pathlib import Path

ADDRESS = re.compile(r"\b198\.1[89]\.\d+\.\d+")
FOLDERS = ("/run/loadtest-cluster", "/var/lib/kubelet", "/var/lib/cni", "/var/log/containers", "/var/log/pods")


def traces(state: Path) -> list[str]:
    """Return addresses, routes, rules, links, namespaces, mounts, control groups, processes and folders of a cluster."""
    return [*_network(), *_mounts(state), *_control_groups(), *_processes(state), *_folders()]


def _network() -> list[str]:
    shown = [
        *_lines("ip", "-oneline", "address", "show"),
        *_lines("ip", "route", "show", "table", "all"),
        *(line for command in ("iptables-save", "ip6tables-save") for line in _lines(command)),
    ]
    ours = [
        line for line in shown if ADDRESS.search(line) or re.search(r"KUBE-|CNI-|loadtest-(node|pods|cluster)", line)
    ]
    # The machine's end of a pod's link is on no bridge once the pod's end has been removed. Eight digits are a pod's. Docker's
    # links have seven, and are on no bridge for a moment while a container starts or ends.
    links = _lines("ip", "-oneline", "link", "show", "type", "veth")
    loose = [line for line in links if " master " not in line and re.search(r"\bveth[0-9a-f]{8}\b", line)]
    return ours + loose + _lines("ip", "netns", "list")


def _mounts(state: Path) -> list[str]:
    return [
        line for line in _text("/proc/self/mounts").splitlines() if str(state) in line or "loadtest-cluster" in line
    ]


def _control_groups() -> list[str]:
    names = ("loadtest-cluster", "kubepods", "k8s.io")
    return [str(group) for name in names for group in Path("/sys/fs/cgroup").glob(f"**/{name}")]


def _processes(state: Path) -> list[str]:
    lines = _lines("ps", "-eo", "stat=,args=")
    ours = re.compile(rf"{re.escape(str(state))}|loadtest-cluster|/kube(let|-[a-z-]+) |/etcd ")
    return [line for line in lines if ours.search(line) and not line.startswith("Z")]


def _folders() -> list[str]:
    return [folder for folder in FOLDERS if Path(folder).exists()]


def _lines(*command: str) -> list[str]:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def _text(path: str) -> str:
    return Path(path).read_text()
