"""The outcome of an update of `loadtest up`: its exit code if it failed, and whether its report is new."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

from core.errors import ExitCode, InputError, LoadtestError, exit_code_of


def of_failure(project: Path, stack: str, begun: datetime, code: int) -> int | None:
    """Return the exit code of an update that Pulumi failed; None if it ran its workers, so that its report has the code.

    Pulumi refuses some settings before it begins an update, without a remedy. The checks of `plan` have one.
    """
    from aggregate.pulumi_stack import has_begun
    from cli import pulumi

    os.environ.update(pulumi.variables())
    try:
        begins = has_begun(stack, begun)
    except LoadtestError:
        begins = False
    if begins and _has_results(stack):
        return None
    # What the program refused is in Pulumi's output.
    checked = _check(project, stack, quiet=begins)
    return checked if code != ExitCode.INTERRUPTED and checked else code


def is_older(stack: str, begun: datetime) -> bool:
    """Return whether the run that was reported last had started before this time."""
    from aggregate.history import last_saved
    from core.stack_file import short_name

    saved = last_saved(short_name(stack))
    return saved is not None and saved.report.execution_id is not None and saved.started_at < begun


def _has_results(stack: str) -> bool:
    from aggregate.collect import from_stack

    try:
        return bool(from_stack(stack).results)
    except LoadtestError:
        return False


def _check(project: Path, stack: str, *, quiet: bool) -> int:
    """Return the exit code of the checks of `plan`, with its messages unless they are in Pulumi's output."""
    from infra.cli.plan import check_stack

    def checks() -> None:
        try:
            check_stack(project, stack)
        except InputError:
            raise
        except LoadtestError:
            return

    return exit_code_of(checks, lambda line: quiet or sys.stderr.write(f"{line}\n"))
