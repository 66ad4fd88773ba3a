"""What the dynamic resources of this program have in common."""

from abc import ABC, abstractmethod
from typing import Any

from pulumi.dynamic import CreateResult, DiffResult, ResourceProvider


class ReplacedProvider(ResourceProvider, ABC):
    """A resource that is made anew when one of its `triggers` changes, the old one removed first; never updated."""

    serialize_as_secret_always = False
    triggers: tuple[str, ...] = ()

    @abstractmethod
    def make(self, props: dict[str, Any]) -> CreateResult:
        """Make the resource."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make the resource, in a process that does not outlive its engine."""
        from infra.serving import service

        with service().making():
            return self.make(props)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Compare the triggers, and nothing else: what is secret is not among the old values."""
        changed = [key for key in self.triggers if _olds.get(key) != _news.get(key)]
        return DiffResult(changes=bool(changed), replaces=changed, delete_before_replace=True)
