"""Pulumi's plugins whose engine has ended: one that was making something then may finish that, and stay for good."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from infra.local.processes import end, works_in
from infra.sweeping.remains import Remains

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
                and works_in(process, project)
                and (parent is None or not parent.name().startswith(_ENGINE))
            ):
                yield process
        except psutil.Error:  # it has ended meanwhile
            continue
