"""The identity of one created stack: a random id in its state, and the mark on everything that it creates.

The name of a stack says nothing about ownership: another checkout or another backend may have a stack of the same name.
Whatever is deleted later is deleted because it carries this id.
"""

import secrets
from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, Resource

from infra.resources.dynamic import ReplacedProvider


class InstanceProvider(ReplacedProvider):
    """Draws the id once, and notes it on this machine for a cleanup without the state."""

    triggers = ("stack",)

    def make(self, props: dict[str, Any]) -> CreateResult:
        """Return a new id."""
        from infra.platforms.local.workspace import note

        mark = secrets.token_hex(8)
        note(Path.cwd(), props["stack"], mark)
        return CreateResult(id_=mark, outs={"stack": props["stack"], "mark": mark})

    def remove(self, props: dict[str, Any]) -> None:
        """Remove the note."""
        from infra.platforms.local.workspace import forget

        forget(props["mark"])


class Instance(Resource, module="loadtest", name="Instance"):
    """The first resource of a stack and the last one to go."""

    mark: pulumi.Output[str]

    def __init__(self, name: str, stack: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__(InstanceProvider(), name, {"stack": stack, "mark": None}, opts)
