"""The base class of Loadtest's dynamic resources.

A state may contain what no longer exists: a user removed it, or the machine was restarted. `find_lost` runs whenever the
engine compares state and program, so that the next `up` creates it again, with everything that depends on it.
"""

import sys
import traceback
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pulumi.dynamic import CreateResult, DiffResult, ResourceProvider

from core.errors import LoadtestError, RunError
from core.files import reason_of
from infra.resources.provider_process import provider_process

_format_exc = traceback.format_exc
_LOST = "lost"
"""The key that the engine shows as changed for a resource that no longer exists."""


class ReplaceOnChangeProvider(ResourceProvider, ABC):
    """Replace a resource when one of its `triggers` changes, the old one deleted first; never update it."""

    serialize_as_secret_always = False
    triggers: tuple[str, ...] = ()

    @abstractmethod
    def create_resource(self, props: dict[str, Any]) -> CreateResult:
        """Create the resource."""

    def delete_resource(self, props: dict[str, Any]) -> None:
        """Delete the resource. The default does nothing."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Create the resource, in a process that does not outlive its engine."""
        _report_errors_in_one_line()
        with provider_process().creating(), _path_errors():
            return self.create_resource(props)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Delete the resource."""
        _report_errors_in_one_line()
        with _path_errors():
            self.delete_resource(_props)

    def find_lost(self, props: dict[str, Any]) -> str:  # noqa: ARG002
        """Return the loss of what was created, such as `the server has ended`, else an empty string."""
        return ""

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Compare the triggers only: secrets are missing from the old values. Replace a lost resource."""
        _report_errors_in_one_line()
        changed = [key for key in self.triggers if _olds.get(key) != _news.get(key)]
        if not changed and (lost := self.find_lost(_olds)):
            sys.stderr.write(f"{lost}; `up` creates it again and repeats the run\n")
            changed = [_LOST]
        return DiffResult(changes=bool(changed), replaces=changed, delete_before_replace=True)


@contextmanager
def _path_errors() -> Iterator[None]:
    """Raise RunError for a path that the system refuses, such as a home folder that is read-only."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            raise
        raise RunError(
            f"{error.filename}: {reason_of(error)}; allow this user to write there, and run it again"
        ) from error


def _report_errors_in_one_line() -> None:
    """Make the SDK's server, which sends `format_exc()` for every exception, send a LoadtestError's text alone."""

    def format_exc(limit: int | None = None, chain: bool = True) -> str:
        error = sys.exc_info()[1]
        return str(error) if isinstance(error, LoadtestError) else _format_exc(limit, chain)

    traceback.format_exc = format_exc
