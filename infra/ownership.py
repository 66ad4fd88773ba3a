"""Decide which existing resources belong to a stack, by the instance label and not by name.

Names say nothing about ownership: another checkout or another backend may have a stack of the same name.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi.output import Unknown

from core.errors import LoadtestError, RunError, SettingsError
from core.labels import INSTANCE_LABEL, STACK_LABEL
from core.process import loadtest_command
from core.text import listed

_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Existing:
    """A resource that exists, and its labels."""

    kind: str
    name: str
    labels: Mapping[str, str]

    @property
    def owner(self) -> str:
        """Return a description of the owner."""
        stack, instance = self.labels.get(STACK_LABEL), self.labels.get(INSTANCE_LABEL)
        if stack is None:
            return "not created by a stack"
        return f"created by stack {stack}, " + (f"instance {instance}" if instance else "without an instance")

    def is_own(self, instance: str) -> bool:
        """Return whether the resource has this instance's label; False for the empty id of a stack not yet created."""
        return bool(instance) and self.labels.get(INSTANCE_LABEL) == instance

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def foreign(existing: Sequence[Existing], instance: str) -> str:
    """Return a list of the resources that are not this instance's, with their owners; empty if there are none."""
    owners: dict[str, list[Existing]] = {}
    for each in existing:
        if not each.is_own(instance):
            owners.setdefault(each.owner, []).append(each)
    return ", ".join(f"{listed(things, _SHOWN)} ({owner})" for owner, things in owners.items())


def require_own(stack: str, existing: Sequence[Existing], instance: str, remedy: str) -> None:
    """Raise SettingsError unless all of these resources are this instance's."""
    others = foreign(existing, instance)
    if others:
        raise SettingsError(f"stack: {stack!r} needs names that are in use: {others}; {remedy}")


def require_none_foreign(stack: str, existing: Sequence[Existing], instance: str) -> None:
    """Raise RunError before a deletion if one of these resources is not this instance's."""
    others = foreign(existing, instance)
    if others:
        raise RunError(
            f"stack: {stack!r} deletes nothing, because names of its resources are in use by others: {others}; remove what "
            f"the stack created with `{loadtest_command('cleanup', stack)} --yes`, then forget it with "
            f"`{loadtest_command('pulumi stack rm --force', stack)}`"
        )


def checked(instance: pulumi.Output[str], check: Callable[[str], None]) -> pulumi.Output[str]:
    """Return the instance's id once `check` has accepted it, so that labelled resources are created after the check.

    In a preview of a stack that is not created yet the id is unknown; `check` then receives an empty string.
    """

    def run(known: str) -> str:
        try:
            check("" if isinstance(known, Unknown) else known)
        except LoadtestError as error:
            raise pulumi.RunError(str(error)) from None
        return known

    return instance.apply(run, True)


@dataclass(frozen=True, slots=True)
class OrphanedResource:
    """A resource that an interrupted engine left, and the function that removes it or raises LoadtestError."""

    kind: str
    name: str
    stack: str
    """Empty for a resource of no stack."""
    remove: Callable[[], None]
    instance: str = ""
    """Its instance label, if it has one."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" + (f" (stack {self.stack})" if self.stack else "")


@dataclass(frozen=True, slots=True)
class Orphans:
    """The orphaned resources on one platform, in an order in which they can be removed."""

    own: Sequence[OrphanedResource] = ()
    foreign: Sequence[OrphanedResource] = ()
    """Created by another checkout: listed, never removed."""
    unsearched: str = ""
    """Why the platform could not be searched; empty if it was."""
    is_chosen: bool = False
    """Whether the user named the server that could not be searched, which makes it an error."""

    @classmethod
    def of(cls, found: Sequence[OrphanedResource], instances: Collection[str]) -> "Orphans":
        """Split resources by their instance label."""
        return cls(
            own=[each for each in found if each.instance in instances],
            foreign=[each for each in found if each.instance not in instances],
        )
