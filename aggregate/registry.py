"""All commands and output formats of this program, by the name that a user types, and the feed of each platform.

A reference is `module:attribute`. It is imported when it is used, so that a table does not load the page's libraries.
This module itself needs the standard library only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aggregate.comparison import Comparison
    from aggregate.live.feed import Feed
    from aggregate.report import Report

COMMANDS = ("report", "watch", "compare", "history", "schema")
"""Each is a module in `aggregate.commands` with HELP, `add_arguments` and `run`. The first one is the default."""

REPORT_FORMATS: Mapping[str, str] = {
    "table": "aggregate.render.text:report_table",
    "markdown": "aggregate.render.text:report_markdown",
    "json": "aggregate.render.text:as_json",
    "html": "aggregate.render.page.html:render",
    "openmetrics": "aggregate.render.openmetrics:render",
}
COMPARISON_FORMATS: Mapping[str, str] = {
    "table": "aggregate.render.text:comparison_table",
    "markdown": "aggregate.render.text:comparison_markdown",
    "json": "aggregate.render.text:as_json",
    "html": "aggregate.render.page.comparison:render",
}


def command(name: str) -> Any:
    """Return the module of a command."""
    return import_module(f"aggregate.commands.{name}")


def report_renderer(name: str) -> Callable[[Report], str]:
    """Return the function that renders a report in the format `name`."""
    render: Callable[[Report], str] = resolve_name(REPORT_FORMATS[name])
    return render


def comparison_renderer(name: str) -> Callable[[Comparison], str]:
    """Return the function that renders a comparison in the format `name`."""
    render: Callable[[Comparison], str] = resolve_name(COMPARISON_FORMATS[name])
    return render


def connect_feed(platform: str, stack: str, project: Path) -> Feed:
    """Return the feed of a stack's workers on a platform. Raises RunError if the platform cannot be reached."""
    feed: Feed = import_module(f"aggregate.live.{platform}").StackFeed(stack, project)
    return feed
