"""What an engine that was killed had begun and not written down: removed by the `destroy` that comes after it."""

from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, Resource

from infra.dynamic import ReplacedProvider


class LeftoversProvider(ReplacedProvider):
    """Made before a stack's containers, and so removed after those that the engine knows of."""

    triggers = ("stack", "project")

    def make(self, props: dict[str, Any]) -> CreateResult:
        """There is nothing yet."""
        return CreateResult(id_="leftovers", outs={key: props[key] for key in self.triggers})

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """End plugins whose engine is gone, then remove the containers that still carry the stack's label."""
        from infra.sweeping import in_docker, plugins

        for each in plugins.remains(Path(_props["project"])):
            each.remove()
        for each in in_docker.containers(_props["stack"]):
            each.remove()


class Leftovers(Resource, module="loadtest", name="Leftovers"):
    """Of a stack, in the project's folder; what it depends on is removed after it."""

    def __init__(self, name: str, stack: str, project: Path, opts: pulumi.ResourceOptions) -> None:
        super().__init__(LeftoversProvider(), name, {"stack": stack, "project": str(project)}, opts)
