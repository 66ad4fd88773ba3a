"""What the objects of a stack are called, and the labels that all of them carry."""

import hashlib
import re
from dataclasses import dataclass

from infra.platforms.base import PLAN_LABEL, RUN_LABEL, STACK_LABEL

_LONGEST_PREFIX = 36
"""A Job's pods are named after it and its index, in 63 characters."""
_LONGEST_LABEL = 63


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one stack's objects, each with the stack in it: several stacks may share a namespace."""

    stack: str
    existing_namespace: str | None = None

    @property
    def prefix(self) -> str:
        """What every name begins with."""
        return _shortened(
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
        return {"app.kubernetes.io/instance": self._label, "app.kubernetes.io/component": role}

    def labels(self, role: str, run: dict[str, str]) -> dict[str, str]:
        """All labels of an object of this role in a run, whose own labels are `run`."""
        common = {"app.kubernetes.io/name": "loadtest", "app.kubernetes.io/managed-by": "pulumi"}
        mine = {STACK_LABEL: self._label, RUN_LABEL: run[RUN_LABEL], PLAN_LABEL: run[PLAN_LABEL]}
        return {**common, **self.selector(role), **mine}

    @property
    def _label(self) -> str:
        return _shortened(re.sub(r"^[^A-Za-z0-9]+|[^A-Za-z0-9]+$", "", self.stack), _LONGEST_LABEL, self.stack)


def _shortened(text: str, longest: int, whole: str) -> str:
    """The text, or its beginning with a digest of what it stands for."""
    if len(text) <= longest:
        return text
    return f"{text[: longest - 9]}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"
