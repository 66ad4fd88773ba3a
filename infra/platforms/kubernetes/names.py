"""What the objects of a stack are called, and the labels that all of them carry."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.labels import INSTANCE_LABEL, PLAN_LABEL, RUN_LABEL, STACK_LABEL, shortened, stack_label

_LONGEST_PREFIX = 36
"""A Job's pods are named after it and its index, in 63 characters."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one stack's objects, each with the stack in it: several stacks may share a namespace."""

    stack: str
    existing_namespace: str | None = None

    @property
    def prefix(self) -> str:
        """What every name begins with."""
        return shortened(
            "loadtest-" + re.sub(r"[^a-z0-9]+", "-", self.stack.lower()).strip("-"), _LONGEST_PREFIX, self.stack
        )

    @property
    def namespace(self) -> str:
        """The namespace that is there already, or the stack's own."""
        return self.existing_namespace or self.prefix

    def of(self, role: str) -> str:
        """The object of this role."""
        return f"{self.prefix}-{role}"

    def selector(self, role: str) -> dict[str, str]:
        """The labels by which the pods of a role are found: the same for every run."""
        return {"app.kubernetes.io/instance": stack_label(self.stack), "app.kubernetes.io/component": role}

    def labels(self, role: str, run: Mapping[str, Any]) -> dict[str, Any]:
        """Return all labels of an object of this role in a run, whose own labels, with the stack's mark, are `run`."""
        common = {"app.kubernetes.io/name": "loadtest", "app.kubernetes.io/managed-by": "pulumi"}
        mine = {key: run[key] for key in (INSTANCE_LABEL, RUN_LABEL, PLAN_LABEL)}
        return {**common, **self.selector(role), STACK_LABEL: stack_label(self.stack), **mine}
