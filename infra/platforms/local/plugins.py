"""Pulumi's plugins whose engine has ended: one that was making something then may finish that, and stay for good.

They are known by a variable that the project's own `pulumi` command sets, and that every process below it inherits. Plugins of
another command, whose environment says nothing, are never ended.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from core.process import CHECKOUT_VARIABLE
from infra.platforms.local.pidfile import end
from infra.platforms.orphan import Remains

_ENGINE = "pulumi"
_PLUGINS = ("pulumi-resource-", "pulumi-language-")


def remains(project: Path) -> Sequence[Remains]:
    """Whichever stack they served: none of them serves one any more."""
    return [
        Remains("plugin", f"{process.name()} {process.pid}", "", lambda process=process: end([process]))  # type: ignore[misc]
        for process in _orphans(project)
    ]


def _orphans(project: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            parent = process.parent()
            if (
                process.name().startswith(_PLUGINS)
                and _serves(process, project.resolve())
                and (parent is None or not parent.name().startswith(_ENGINE))
            ):
                yield process
        except psutil.Error:  # it has ended meanwhile, or is another user's
            continue


def _serves(process: psutil.Process, project: Path) -> bool:
    """Whether it was started for this checkout: by its command, and in its folder, where the engine starts its plugins.

    A shell that has the command's variables may run other projects, too.
    """
    return process.environ().get(CHECKOUT_VARIABLE) == str(project) and Path(process.cwd()) == project
