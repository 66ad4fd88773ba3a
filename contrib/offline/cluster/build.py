"""Build the programs of the cluster from Go modules, and the two images that it requires.

Versions are pinned in `go/*/go.mod`. `go/kubernetes` has the requirements of Kubernetes' own go.mod, with published modules in
place of staging folders. CoreDNS has a module of its own, because its dependencies would change the versions of Kubernetes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from contrib.offline.cluster.command import run
from contrib.offline.cluster.image import Image, write_archive
from contrib.offline.cluster.layout import CACHE
from contrib.offline.cluster.progress import say
from contrib.offline.parts import cache, golang, progress

MODULES = Path(__file__).parent / "go"
KUBERNETES = MODULES / "kubernetes"
COREDNS = MODULES / "coredns"
PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet")
"""The names under which hyperkube is started."""

PAUSE_IMAGE = "local.test/pause:1"
COREDNS_IMAGE = "local.test/coredns:1"
"""The tag is not `latest`, which the kubelet would pull."""


def name() -> str:
    """Return the name of the binaries' folder in the cache."""
    sources = [MODULES, Path(__file__), Path(__file__).with_name("image.py")]
    return f"binaries-{cache.key(sources, {})}"


def build() -> Path:
    """Return the folder of the binaries and of `images/`; build it if the cache lacks it.

    Raises MissingToolError without Go, ToolError if a build fails.
    """
    return CACHE.folder(name(), _make)


def _make(folder: Path) -> None:
    say(progress.building("etcd, Kubernetes and CoreDNS", minutes=9))
    golang.build(KUBERNETES, "./etcd", folder / "etcd", {})
    golang.build(KUBERNETES, "./hyperkube", folder / "hyperkube", _version_variables())
    for program in PROGRAMS:
        (folder / program).symlink_to("hyperkube")
    golang.build(COREDNS, ".", folder / "coredns", {})
    _build_pause(folder / "pause")
    images = folder / "images"
    images.mkdir()
    write_archive(Image(PAUSE_IMAGE, folder / "pause"), images / "pause.tar")
    write_archive(Image(COREDNS_IMAGE, folder / "coredns"), images / "coredns.tar")


def _version_variables() -> dict[str, str]:
    """Return the linker variables of the version. The client cannot parse the default version."""
    release = golang.module_version(KUBERNETES, "k8s.io/kubernetes")
    major, minor, _ = release.removeprefix("v").split(".")
    return {
        f"{package}.{variable}": value
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
        for variable, value in {"gitVersion": release, "gitMajor": major, "gitMinor": minor}.items()
    }


def _build_pause(output: Path) -> None:
    """Build the process that keeps a pod's namespaces. It is in C, because its memory counts against the pod's limit."""
    source = golang.module_folder(KUBERNETES, "k8s.io/kubernetes") / "build" / "pause" / "linux" / "pause.c"
    with tempfile.TemporaryDirectory() as scratch:
        run(["gcc", "-Os", "-static", "-s", "-DVERSION=local", "-o", str(output), str(source)], folder=Path(scratch))
