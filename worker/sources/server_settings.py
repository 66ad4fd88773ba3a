"""Server settings for the report: what the user has no right to read is reported as such, and never ends a run."""

from collections.abc import Callable, Mapping
from typing import Any

from core.errors import ServerError
from worker.sources.base import Source


def readable(what: str, read: Callable[[], Mapping[str, Any]], refused: dict[str, str]) -> Mapping[str, Any]:
    """Return what `read` returns; where the server refuses it, nothing, and note the refusal under the name `what`."""
    try:
        return read()
    except ServerError as error:
        refused[what] = f"not readable: {error}"
        return {}


def settings_of(source: Source) -> dict[str, str]:
    """Return the server settings of a source as far as they can be read."""
    refused: dict[str, str] = {}
    return {**readable("server settings", source.settings, refused), **refused}
