"""Debian packages for the cluster: the container runtime, the pods' network plugins, and the tools to set them up."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from contrib.offline.cluster.command import run
from contrib.offline.cluster.errors import ClusterError
from contrib.offline.cluster.progress import say
from contrib.offline.parts.errors import MissingToolError

CNI_FOLDER = Path("/usr/lib/cni")

_BUILD_PACKAGES = {"gcc": "gcc", "/usr/lib/*/libc.a": "libc6-dev"}
_RUN_PACKAGES = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "ip": "iproute2",
    "openssl": "openssl",
    f"{CNI_FOLDER}/bridge": "containernetworking-plugins",
}
"""What must exist (a command, or a file by its pattern), and the package that provides it."""


def require_for_build() -> None:
    """Make sure that the binaries can be built. Raises as `_require` does."""
    _require(_BUILD_PACKAGES)


def require_for_run() -> None:
    """Make sure that a cluster can run. Raises MissingToolError for a user other than root, and as `_require` does."""
    if os.geteuid() != 0:
        raise MissingToolError(
            "only root can start or stop the test cluster; run the command as root, or set KUBECONFIG to another cluster"
        )
    _require(_RUN_PACKAGES)


def _require(packages: dict[str, str]) -> None:
    """Install what is missing. Raises MissingToolError if that is impossible: without root or Debian."""
    missing = sorted({package for what, package in packages.items() if not _present(what)})
    if not missing:
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise MissingToolError(
            f"the test cluster needs {', '.join(missing)}; on Debian, run `{' '.join(install)}` as root"
        )
    say(f"installing from Debian: {', '.join(missing)}")
    run(["apt-get", "update", "-qq"])
    run(["env", "DEBIAN_FRONTEND=noninteractive", *install])
    if absent := [what for what in packages if not _present(what)]:
        raise ClusterError(
            f"{', '.join(absent)} not found after installing {', '.join(missing)}; install the missing programs by hand"
        )


def _present(what: str) -> bool:
    if what.startswith("/"):
        return any(Path("/").glob(what.removeprefix("/")))
    return shutil.which(what) is not None
