"""Removes, on `destroy`, the containers that a killed engine created and did not write into the state."""

from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, Resource

from infra.resources.dynamic import ReplacedProvider


class LeftoversProvider(ReplacedProvider):
    """Created before a stack's containers, and so deleted after those in the state."""

    triggers = ("stack", "instance")

    def make(self, props: dict[str, Any]) -> CreateResult:
        """Create nothing."""
        return CreateResult(id_="leftovers", outs={key: props[key] for key in self.triggers})

    def remove(self, props: dict[str, Any]) -> None:
        """End plugins whose engine is gone, then remove the containers that carry this instance's mark.

        A state of an earlier version has no mark; nothing is removed then.
        """
        from infra.platforms.docker import cleanup
        from infra.platforms.local import plugins

        if not props.get("instance"):
            return
        # The engine starts its providers in the project's folder.
        for each in plugins.remains(Path.cwd()):
            each.remove()
        for each in cleanup.containers(props["stack"], props["instance"]):
            each.remove()


class Leftovers(Resource, module="loadtest", name="Leftovers"):
    """The stack's unrecorded containers; what it depends on is removed after it."""

    def __init__(self, name: str, stack: str, instance: pulumi.Input[str], opts: pulumi.ResourceOptions) -> None:
        super().__init__(LeftoversProvider(), name, {"stack": stack, "instance": instance}, opts)
