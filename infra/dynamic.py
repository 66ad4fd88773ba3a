"""What the dynamic resources of this program have in common."""

from typing import Any

from pulumi.dynamic import DiffResult, ResourceProvider


class ReplacedProvider(ResourceProvider):
    """A resource that is made anew when one of its `triggers` changes, the old one removed first; never updated."""

    serialize_as_secret_always = False
    triggers: tuple[str, ...] = ()

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Compare the triggers, and nothing else: what is secret is not among the old values."""
        changed = [key for key in self.triggers if _olds.get(key) != _news.get(key)]
        return DiffResult(changes=bool(changed), replaces=changed, delete_before_replace=True)
