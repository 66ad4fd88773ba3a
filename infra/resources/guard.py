"""A check that runs before anything of a stack is deleted: `destroy` deletes nothing that belongs to another stack."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, Resource

from infra.resources.dynamic import ReplaceOnChangeProvider
from infra.resources.identity import require_original


class GuardProvider(ReplaceOnChangeProvider):
    """Refuse `destroy` in a copy of the checkout, and for the platform's own reasons.

    The resource is created after those that it protects, and so deleted before them.
    """

    triggers: tuple[str, ...] = ("stack", "instance")
    recorded: tuple[str, ...] = ()
    """Keys that `require_owned` needs, besides the triggers."""

    def create_resource(self, props: dict[str, Any]) -> CreateResult:
        """Create nothing."""
        return CreateResult(id_="guard", outs={key: props[key] for key in (*self.triggers, *self.recorded)})

    def delete_resource(self, props: dict[str, Any]) -> None:
        """Raise RunError if the stack may delete nothing."""
        require_original(Path.cwd(), props["stack"], props["instance"])
        self.require_owned(props)

    def require_owned(self, props: dict[str, Any]) -> None:
        """Raise RunError if a name of the stack belongs to another stack now. By default nothing is checked."""


class Guard(Resource, module="loadtest", name="Guard"):
    """A check that runs before the resources that it depends on are deleted."""

    def __init__(
        self,
        provider: GuardProvider,
        name: str,
        stack: str,
        instance: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
        **inputs: Any,
    ) -> None:
        super().__init__(provider, name, {"stack": stack, "instance": instance, **inputs}, opts)


def declare_guards(
    provider: GuardProvider,
    name: str,
    stack: str,
    instance: pulumi.Input[str],
    parent: pulumi.Resource,
    protected: Sequence[pulumi.Resource],
    fleet: pulumi.Resource,
    *,
    secrets: list[str] | None = None,
    **inputs: Any,
) -> None:
    """Declare one guard of what the stack created, and one that is deleted before the fleet as well.

    Two, because an interrupted run has no fleet in the state.
    """
    for suffix, needed in (("guard", protected), ("last-guard", [*protected, fleet])):
        options = pulumi.ResourceOptions(parent=parent, depends_on=needed, additional_secret_outputs=secrets or [])
        Guard(provider, f"{name}-{suffix}", stack, instance, options, **inputs)
