"""Start the cluster: set up the machine, start the programs in order, and wait until pods can run and resolve names."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from contrib.offline.cluster import claim, configuration, control_group, kernel, network, pki, runtime
from contrib.offline.cluster.api import NOT_YET, Api, names_resolve
from contrib.offline.cluster.daemon import Daemon
from contrib.offline.cluster.errors import ClusterError
from contrib.offline.cluster.layout import Layout
from contrib.offline.cluster.programs import CLIENTS, NAMES, STORES, command_lines
from contrib.offline.cluster.progress import say

_PATIENCE = 180
"""Seconds for any one step, on a busy machine."""


def start(layout: Layout, binaries: Path) -> None:
    """Start what does not run yet, and return once the node is Ready and DNS responds.

    Raises ClusterError if the machine belongs to another cluster, if a program ends, or if a step takes too long.
    """
    claim.take(layout, binaries)
    kernel.prepare()
    layout.folder.mkdir(parents=True, exist_ok=True)
    for folder in layout.folders:
        folder.mkdir(mode=0o700, exist_ok=True)
    pki.make(layout)
    configuration.write(layout)
    network.set_up()
    control_group.make()

    programs = {name: Daemon(layout, name) for name in NAMES}
    commands = command_lines(layout, binaries)

    def run(names: Iterable[str]) -> None:
        for name in names:
            programs[name].start(commands[name])

    def wait(what: str, holds: Callable[[], bool]) -> None:
        _wait(what, holds, programs.values())

    run(STORES)
    wait("containerd is ready", runtime.answers)
    runtime.import_archives(binaries / "images")
    api = Api(layout)
    wait("the API server is ready", api.is_ready)
    run(CLIENTS)
    wait("CoreDNS is created", lambda: api.apply(layout.configuration / "coredns.yaml"))
    wait("the node is Ready", api.is_node_ready)
    wait("DNS is ready", names_resolve)
    wait("the service account of pods exists", api.has_default_account)


def _wait(what: str, holds: Callable[[], bool], programs: Iterable[Daemon]) -> None:
    """Wait until a condition holds. Raises ClusterError if a program ends in the meantime, or if it takes too long."""
    deadline = time.monotonic() + _PATIENCE
    why = "false"
    while True:
        try:
            if holds():
                say(what)
                return
        except NOT_YET as error:
            why = str(error)
        for program in programs:
            if program.pid_file.exists() and not program.is_running():
                raise ClusterError(f"{program.name} ended; the end of {program.log}:\n{program.last_lines()}")
        if time.monotonic() > deadline:
            raise ClusterError(f"timed out after {_PATIENCE} s; expected: {what}; last answer: {why}")
        time.sleep(0.1)
