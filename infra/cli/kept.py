"""Name what `destroy` keeps, and why."""

from collections.abc import Sequence
from pathlib import Path

from core.errors import LoadtestError
from infra.platforms import cleanup_of
from infra.settings.configuration import stack_values


def kept(project: Path, stack: str) -> Sequence[str]:
    """Return a line for each kind of thing that a destroyed stack's platform keeps; none if it cannot be asked."""
    try:
        return cleanup_of(str(stack_values(project, stack)["platform"])).kept(project, stack)
    except (LoadtestError, LookupError, ImportError):
        return ()
