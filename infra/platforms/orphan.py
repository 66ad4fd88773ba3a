"""One thing that was left, whatever it is."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Remains:
    """What it is, whose it is (empty for what no stack owns), and how it is removed; removing raises LoadtestError."""

    kind: str
    name: str
    stack: str
    remove: Callable[[], None]
    instance: str = ""
    """The id of the created stack that the thing carries, where it carries one."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" + (f" (stack {self.stack})" if self.stack else "")
