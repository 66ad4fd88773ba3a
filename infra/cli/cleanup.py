"""`make sweep`: list what an interrupted engine left, and remove it with `--yes`.

A stack's run that still goes on is among it: its label and its folder are all that is looked at.
"""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Collection, Sequence
from pathlib import Path

from core.errors import ExitCode, LoadtestError, exit_code_of
from core.stack_file import require_stack
from infra.platforms.docker import cleanup as docker_cleanup
from infra.platforms.kubernetes import cleanup as kubernetes_cleanup
from infra.platforms.local import cleanup as local_cleanup
from infra.platforms.local import plugins
from infra.platforms.local.workspace import made_in
from infra.platforms.orphan import Remains

PROJECT = Path(__file__).parents[2]
_PASSES = 3


def main(arguments: Sequence[str] | None = None, project: Path = PROJECT) -> int:
    """List, and remove when told to; exit code 1 when something could not be removed."""
    parser = ArgumentParser(
        prog="python -m infra.cli.cleanup", description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument("--stack", help="only what this stack made (default: what any stack made)")
    parser.add_argument(
        "--instance", action="append", default=[], metavar="ID", help="also what this id marks, of whichever checkout"
    )
    parser.add_argument("--yes", action="store_true", help="remove it; without, it is only listed")
    chosen = parser.parse_args(arguments)
    return exit_code_of(lambda: _sweep(project, chosen.stack, chosen.instance, remove=chosen.yes), _complain)


def _sweep(project: Path, stack: str | None, instances: Collection[str], *, remove: bool) -> int:
    silent = docker_cleanup.unanswered()
    if silent is not None:
        _complain(f"warning: {silent}; its containers were not looked at: start it and run this again")
    code = _looked(project, stack, instances, remove=remove)
    return ExitCode.FAILED if silent is not None and docker_cleanup.was_chosen() else code


def _looked(project: Path, stack: str | None, instances: Collection[str], *, remove: bool) -> int:
    found, strangers = _found(project, stack, instances)
    for each in strangers:
        known = f"remove with --instance {each.instance}" if each.instance else "remove it by hand"
        _say(f"not created by this checkout: {each}; {known}")
    if strangers and not found:
        return ExitCode.OK
    if not found:
        if stack is not None:
            require_stack(project, stack)
        _say("nothing was left")
    elif not remove:
        for each in found:
            _say(f"left: {each}")
        _say(f"{len(found)} left; remove with --yes (a run that still goes on ends, too)")
    return _swept(project, stack, instances, found) if remove else ExitCode.OK


def _found(project: Path, stack: str | None, instances: Collection[str]) -> tuple[Sequence[Remains], Sequence[Remains]]:
    """Return what may be removed, in an order in which it can go, and what carries a stack's name and no mark of ours.

    An engine and a cluster are shared with others: there, only what an instance of this checkout marked may go.
    """
    ours = {*made_in(project), *instances}
    in_engine, on_cluster = docker_cleanup.remains(stack), kubernetes_cleanup.remains(project, stack)
    found = [
        # First what could still make more.
        *plugins.remains(project),
        *(each for each in in_engine if each.instance in ours),
        *local_cleanup.remains(project, stack),
        *(each for each in on_cluster if each.instance in ours),
    ]
    strangers = [each for each in (*in_engine, *on_cluster) if each.instance not in ours]
    return found, [*strangers, *local_cleanup.copies(project, stack)]


def _swept(project: Path, stack: str | None, instances: Collection[str], found: Sequence[Remains]) -> int:
    """Remove it, and look again: until the plugins ended, and from what went last, there may have come more."""
    code = ExitCode.OK
    for _ in range(_PASSES):
        code = _removed(found)
        found = _found(project, stack, instances)[0] if code == ExitCode.OK else []
        if not found:
            break
    return code


def _removed(found: Sequence[Remains]) -> ExitCode:
    code = ExitCode.OK
    for each in found:
        try:
            each.remove()
        except LoadtestError as error:
            _complain(f"error: {error}")
            code = ExitCode.FAILED
        else:
            _say(f"removed: {each}")
    return code


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _complain(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
