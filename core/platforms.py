"""The platforms, each declared once with what settings and plan depend on.

A platform's other modules are found by its name: the folder `infra.platforms.<name>`, and `aggregate.live.<name>` for
`watch`.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Platform:
    """Properties of a platform that settings and plan depend on."""

    on_this_machine: bool = True
    """Whether the load uses this machine's cores and folders."""
    in_containers: bool = True
    """Whether server and workers have images; else they are processes, and their files are in this machine's folders."""


PLATFORMS: Mapping[str, Platform] = {
    "local": Platform(in_containers=False),
    "docker": Platform(),
    "kubernetes": Platform(on_this_machine=False),
}
"""Every platform by its name, in the order in which a stack's workers and orphans are searched."""
