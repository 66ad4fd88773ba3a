"""Name what `destroy` keeps, and why."""

from collections.abc import Iterator
from pathlib import Path

from core.errors import LoadtestError
from core.process import loadtest_command
from core.settings_key import setting_key
from core.stack_file import short_name
from infra.platforms import cleanup_of
from infra.settings.configuration import encrypted_keys, stack_values

_REPORTS = "runs"


def kept(project: Path, stack: str) -> Iterator[str]:
    """Yield a line for each kind of thing that stays after a stack was destroyed."""
    try:
        values, secret = stack_values(project, stack), encrypted_keys(project, stack)
    except LoadtestError:
        return
    if values.get("connectionString") or "connectionString" in secret:
        yield f"the tables that were loaded into your server ({setting_key('connectionString')}); drop them there"
    if values.get("outputDir"):
        yield f"the files in {values['outputDir']} ({setting_key('outputDir')})"
    reports = Path(_REPORTS) / short_name(stack)
    if (project / reports).is_dir():
        yield f"saved reports in {reports}, for `{loadtest_command('compare')}` and `{loadtest_command('history')}`"
    try:
        yield from cleanup_of(str(values.get("platform"))).kept(project, stack)
    except (LoadtestError, ImportError):  # an engine that stopped, or a platform that does not exist
        return
