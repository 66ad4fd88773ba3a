"""Whether what exists under a name that a stack needs is the stack's own: the instance label decides, not the name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi.output import Unknown

from core.errors import LoadtestError, SettingsError
from core.labels import INSTANCE_LABEL, STACK_LABEL

_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Existing:
    """Something that exists, and the labels that it carries."""

    kind: str
    name: str
    labels: Mapping[str, str]

    @property
    def owner(self) -> str:
        """Whose it is, in words."""
        stack, instance = self.labels.get(STACK_LABEL), self.labels.get(INSTANCE_LABEL)
        if stack is None:
            return "not made by a stack"
        return (
            f"made by stack {stack}, instance {instance}" if instance else f"made by stack {stack} without an instance"
        )

    def is_own(self, instance: str) -> bool:
        """Whether it carries the mark of this instance; nothing is the own of a stack that is still to be created."""
        return bool(instance) and self.labels.get(INSTANCE_LABEL) == instance

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def foreign(existing: Sequence[Existing], instance: str) -> str:
    """Name what is not this instance's own, with whose it is; empty where all of it is."""
    owners: dict[str, list[Existing]] = {}
    for each in existing:
        if not each.is_own(instance):
            owners.setdefault(each.owner, []).append(each)
    return ", ".join(f"{_listed(things)} ({owner})" for owner, things in owners.items())


def require_own(stack: str, existing: Sequence[Existing], instance: str, remedy: str) -> None:
    """Raise SettingsError, which names what is in the way and whose it is, unless all of it is this instance's own."""
    others = foreign(existing, instance)
    if others:
        raise SettingsError(f"stack: {stack!r} needs names that are in use: {others}; {remedy}")


def _listed(things: Sequence[Existing]) -> str:
    more = f" and {len(things) - _SHOWN} more" if len(things) > _SHOWN else ""
    return ", ".join(str(each) for each in things[:_SHOWN]) + more


def checked(instance: pulumi.Output[str], check: Callable[[str], None]) -> pulumi.Output[str]:
    """Return the instance's id, once `check` has not refused it: what is labelled with it is not created before.

    A preview of a stack that is still to be created knows no id; `check` is given an empty one.
    """

    def run(known: str) -> str:
        try:
            check("" if isinstance(known, Unknown) else known)
        except LoadtestError as error:
            raise pulumi.RunError(str(error)) from None
        return known

    return instance.apply(run, True)
