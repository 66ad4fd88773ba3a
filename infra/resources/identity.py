"""The random values that a stack draws once and keeps in its state: its instance id and its server's password.

Everything that the stack creates has the id as a label, and is later deleted because of it. This machine records the ids that
each checkout created, for a cleanup without the state: a link `~/.local/state/loadtest/ID` to the stack's folder.
"""

import contextlib
import os
import secrets
from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, Resource

from core.backend import backend_url, state_file
from core.errors import RunError
from core.process import loadtest_command
from core.workspace import WORKSPACES
from infra.resources.dynamic import ReplaceOnChangeProvider


def record_instance(project: Path, stack: str, instance: str) -> None:
    """Record that this checkout created the instance."""
    link = instance_link(instance)
    link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(project.resolve() / WORKSPACES / stack)


def recorded_instances(project: Path) -> dict[str, Path]:
    """Return the stacks' folders by instance, for the instances that a project created; a folder may not exist."""
    links = sorted(instance_link("x").parent.glob("*"))
    folders = {link.name: link.readlink() for link in links if link.is_symlink()}
    return {name: folder for name, folder in folders.items() if folder.parent == project.resolve() / WORKSPACES}


def instances_of(project: Path, stack: str) -> list[str]:
    """Return the instances of a stack that a project created."""
    return [instance for instance, folder in recorded_instances(project).items() if folder.name == stack]


def forget_instance(instance: str) -> None:
    """Remove the record of an instance."""
    link = instance_link(instance)
    link.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        link.parent.rmdir()


def instance_link(instance: str) -> Path:
    """Return the path of an instance's record."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "loadtest" / instance


def require_original(project: Path, stack: str, instance: str) -> None:
    """Raise RunError if the project is a copy, with its own copy of the state, of a checkout that still has the stack.

    Everything that the copied state names belongs to the original. Checkouts that share a backend are not copies.
    """
    link = instance_link(instance)
    if not link.is_symlink() or os.environ.get("PULUMI_BACKEND_URL") != backend_url(project):
        return
    original = link.readlink().parent.parent
    state = state_file(original, stack)
    if original.resolve() != project.resolve() and state.is_file() and instance in state.read_text(encoding="utf-8"):
        raise RunError(
            f"stack: {stack!r} of this folder is a copy of the stack in {original}, to which all its resources belong; use "
            f"it there, or forget the copy with `{loadtest_command('pulumi stack rm --force', stack)}`"
        )


class InstanceProvider(ReplaceOnChangeProvider):
    """Draw an instance id and record it on this machine."""

    triggers = ("stack",)

    def create_resource(self, props: dict[str, Any]) -> CreateResult:
        """Return a new id."""
        mark = secrets.token_hex(8)
        record_instance(Path.cwd(), props["stack"], mark)
        return CreateResult(id_=mark, outs={"stack": props["stack"], "mark": mark})

    def delete_resource(self, props: dict[str, Any]) -> None:
        """Remove the record."""
        forget_instance(props["mark"])

    def find_lost(self, props: dict[str, Any]) -> str:
        """Return nothing: an id cannot be lost. Raise RunError in a copy of the checkout."""
        require_original(Path.cwd(), props["stack"], props["mark"])
        return ""


class Instance(Resource, module="loadtest", name="Instance"):
    """The identity of a created stack: its first resource, and the last one to be deleted."""

    mark: pulumi.Output[str]

    def __init__(
        self, name: str, stack: str, opts: pulumi.ResourceOptions, provider: InstanceProvider | None = None
    ) -> None:
        super().__init__(provider or InstanceProvider(), name, {"stack": stack, "mark": None}, opts)


class PasswordProvider(ReplaceOnChangeProvider):
    """Draw a password of 192 bits from characters that need no quoting in URLs and server settings."""

    def create_resource(self, props: dict[str, Any]) -> CreateResult:  # noqa: ARG002
        """Return a new password."""
        return CreateResult(id_="password", outs={"value": secrets.token_hex(24)})


class Password(Resource, module="loadtest", name="Password"):
    """The password of the server that Loadtest creates; `value` is a secret output."""

    value: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        secret = pulumi.ResourceOptions(additional_secret_outputs=["value"])
        super().__init__(PasswordProvider(), name, {"value": None}, pulumi.ResourceOptions.merge(opts, secret))
