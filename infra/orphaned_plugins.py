"""Find the plugin processes of this checkout whose engine was killed, so that cleanup can end them."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import psutil

from core.process import CHECKOUT_VARIABLE
from infra.ownership import OrphanedResource
from infra.pidfile import end_processes

_ENGINE = "pulumi"
_PLUGINS = ("pulumi-resource-", "pulumi-language-")


def orphaned_plugins(project: Path) -> Sequence[OrphanedResource]:
    """Return the plugin processes of this checkout, of any stack, whose engine has ended.

    They are recognized by a variable that the project's `pulumi` command sets and every process below it inherits. Plugins
    without it, started by another command, are never ended.
    """
    return [
        OrphanedResource("plugin", f"{process.name()} {process.pid}", "", partial(end_processes, [process]))
        for process in _orphaned_processes(project.resolve())
    ]


def _orphaned_processes(project: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            parent = process.parent()
            if (
                process.name().startswith(_PLUGINS)
                and _belongs_to(process, project)
                and (parent is None or not parent.name().startswith(_ENGINE))
            ):
                yield process
        except psutil.Error:  # it has ended, or is another user's
            continue


def _belongs_to(process: psutil.Process, project: Path) -> bool:
    """Return whether the process has this checkout's variable and works in its folder, where engines start plugins.

    The variable alone is not enough: a shell that has it may run other projects, too.
    """
    return process.environ().get(CHECKOUT_VARIABLE) == str(project) and Path(process.cwd()) == project
