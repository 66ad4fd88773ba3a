"""The cluster's programs, built from Go modules, and the two images that it cannot do without.

Versions are pinned in `go/*/go.mod`. `go/kubernetes` is the module's own list with each staging replacement turned into
the published one; CoreDNS is a module of its own, since its dependencies would move Kubernetes' ones.
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
"""The names that hyperkube goes by."""

PAUSE_IMAGE = "local.test/pause:1"
COREDNS_IMAGE = "local.test/coredns:1"
"""Not `latest`, which the kubelet would pull."""


def name() -> str:
    """The name of the binaries' folder in the cache."""
    sources = [MODULES, Path(__file__), Path(__file__).with_name("image.py")]
    return f"binaries-{cache.key(sources, {})}"


def build() -> Path:
    """The folder of the binaries and of `images/`, built when the cache does not hold it.

    Raises MissingToolError without Go, ToolError when a build fails.
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
    """What the programs say of themselves; the client refuses to parse the version that they have without."""
    release = golang.module_version(KUBERNETES, "k8s.io/kubernetes")
    major, minor, _ = release.removeprefix("v").split(".")
    return {
        f"{package}.{variable}": value
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
        for variable, value in {"gitVersion": release, "gitMajor": major, "gitMinor": minor}.items()
    }


def _build_pause(output: Path) -> None:
    """The process that holds a pod's namespaces: Kubernetes keeps it in C, for a few kilobytes in each pod's limit."""
    source = golang.module_folder(KUBERNETES, "k8s.io/kubernetes") / "build" / "pause" / "linux" / "pause.c"
    with tempfile.TemporaryDirectory() as scratch:
        run(["gcc", "-Os", "-static", "-s", "-DVERSION=local", "-o", str(output), str(source)], folder=Path(scratch))
