"""Stops the cluster and takes everything back that it brought to the machine."""

from __future__ import annotations

import shutil
from pathlib import Path

from contrib.offline.cluster import claim, control_group, mounts, network, runtime, service_rules
from contrib.offline.cluster.daemon import Daemon
from contrib.offline.cluster.layout import RUNTIME, Layout
from contrib.offline.cluster.programs import NAMES

_PATIENCE = {"kube-apiserver": 0.5}
"""Seconds to end by itself: the API server would wait for connections that nobody closes."""
_PATIENCE_OF_OTHERS = 5.0


def stop(layout: Layout, *, purge: bool) -> None:
    """End the cluster's programs and its pods, and undo its network, mounts, control groups and kernel settings.

    Nothing running is no error: what an interrupted start left goes too. With `purge` the state goes as well: objects,
    images, keys, logs. Raises ClusterError when the machine is another state's, or when something cannot be removed.
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
    # The addresses of pods that are gone: nobody gives them back.
    shutil.rmtree(layout.data / "cni", ignore_errors=True)
    control_group.remove()
    claim.release(claimed)
    if purge:
        for folder in layout.folders:
            shutil.rmtree(folder, ignore_errors=True)
