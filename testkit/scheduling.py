"""Group tests by process of the pool, so that tests of a file share its fixtures and its server.

There is one test cluster per machine, so all of its tests are one group. A file whose tests are parametrized by source
has one server per source, so each source is a group. Tests of several files that share a server are one group per source.
"""

import re
from functools import cache
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

from core.stores import SOURCES

_ROOT = Path(__file__).resolve().parents[1]
_IMPORTS_SHARED = re.compile(r"^\s*from .* import .*\bshared\b", re.MULTILINE)
_SHARED = re.compile(r'\bshared\("(\w+)"\)')


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist exports it without its type
    """A pytest-xdist scheduler that assigns whole groups of tests."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """Return the group of a test, given its id."""
    file, _, test = nodeid.partition("::")
    if _needs_cluster(file):
        return "cluster"
    if named := _SHARED.search(_text(file)):
        return f"server-{named[1]}"
    parameters = test.partition("[")[2].rstrip("]").split("-")
    sources = [parameter for parameter in parameters if parameter in SOURCES]
    if sources and _shares_server(file):
        return f"server-{sources[0]}"
    return "-".join([file, *sources[:1]])


@cache
def _needs_cluster(file: str) -> bool:
    return "mark.cluster" in _text(file)


@cache
def _shares_server(file: str) -> bool:
    """Return whether a test file, or a conftest.py above it, uses a server that lives as long as the session."""
    fixtures = [str(folder / "conftest.py") for folder in Path(file).parents]
    return any(_IMPORTS_SHARED.search(_text(each)) for each in (file, *fixtures))


@cache
def _text(file: str) -> str:
    path = _ROOT / file
    return path.read_text(encoding="utf-8") if path.is_file() else ""
