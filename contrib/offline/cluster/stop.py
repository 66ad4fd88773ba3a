"""Stop the cluster and undo everything that it changed on the machine."""

from __future__ import annotations

import shutil
from pathlib import Path

from contrib.offline.cluster import claim, control_group, mounts, network, runtime, service_rules
from contrib.offline.cluster.daemon import Daemon
from contrib.offline.cluster.layout import RUNTIME, Layout
from contrib.offline.cluster.programs import NAMES

_PATIENCE = {"kube-apiserver": 0.5}
"""Seconds to end normally: the API server would wait for open connections."""
_PATIENCE_OF_OTHERS = 5.0


def stop(layout: Layout, *, purge: bool) -> None:
    """End the cluster's programs and its pods, and undo its network, mounts, control groups and kernel settings.

    A cluster that does not run is not an error: what an interrupted start left is removed. With `purge` the state is removed
    too: objects, images, keys, logs. Raises ClusterError if the machine belongs to another state, or if something cannot be
    removed.
    """
    claimed = claim.current()
    claim.require_own(claimed, layout)
    for name in reversed(NAMES):
        Daemon(layout, name).stop(_PATIENCE.get(name, _PATIENCE_OF_OTHERS))
    control_group.kill()
    runtime.kill_shims()
    mounts.unmount([RUNTIME, layout.folder])
    if claimed is not None:
        service_rules.remove(layout, Path(claimed.binaries))
    network.tear_down()
    # The addresses of pods that have ended are not released otherwise.
    shutil.rmtree(layout.data / "cni", ignore_errors=True)
    control_group.remove()
    claim.release(claimed)
    if purge:
        for folder in layout.folders:
            shutil.rmtree(folder, ignore_errors=True)
