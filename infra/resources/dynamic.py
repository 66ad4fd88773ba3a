"""What the dynamic resources of this program have in common."""

import sys
import traceback
from abc import ABC, abstractmethod
from typing import Any

from pulumi.dynamic import CreateResult, DiffResult, ResourceProvider

_format_exc = traceback.format_exc


class ReplacedProvider(ResourceProvider, ABC):
    """A resource that is made anew when one of its `triggers` changes, the old one removed first; never updated."""

    serialize_as_secret_always = False
    triggers: tuple[str, ...] = ()

    @abstractmethod
    def make(self, props: dict[str, Any]) -> CreateResult:
        """Make the resource."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make the resource, in a process that does not outlive its engine."""
        from infra.resources.provider_process import service

        _tell_in_one_line()
        with service().making():
            return self.make(props)

    def remove(self, props: dict[str, Any]) -> None:
        """Remove the resource: nothing, unless a subclass has something to remove."""

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Remove the resource; `remove` does it."""
        _tell_in_one_line()
        self.remove(_props)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Compare the triggers, and nothing else: what is secret is not among the old values."""
        changed = [key for key in self.triggers if _olds.get(key) != _news.get(key)]
        return DiffResult(changes=bool(changed), replaces=changed, delete_before_replace=True)


def _tell_in_one_line() -> None:
    """Have this process tell an error of ours by its line: the SDK's server sends `format_exc()`, whatever was raised."""
    from core.errors import LoadtestError

    def line(limit: int | None = None, chain: bool = True) -> str:
        error = sys.exc_info()[1]
        return str(error) if isinstance(error, LoadtestError) else _format_exc(limit, chain)

    traceback.format_exc = line
