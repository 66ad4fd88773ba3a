"""Find the resources that an interrupted engine left, and remove them with `--yes`.

Resources are found by their labels and folders alone, so those of a run in progress are among them. Those of a stack whose
last run has ended, and which `destroy` removes, are not orphaned: only `--stack NAME --yes` removes them.
"""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Collection, Sequence
from pathlib import Path

from core.errors import ExitCode, LoadtestError, exit_code_of
from core.platforms import PLATFORMS
from core.process import loadtest_command
from core.stack_file import require_stack, short_name
from infra.cli.recorded import instances_in_use
from infra.orphaned_plugins import orphaned_plugins
from infra.ownership import OrphanedResource, Orphans
from infra.platforms import cleanup_of
from infra.resources.identity import recorded_instances

PROJECT = Path(__file__).parents[2]
_PASSES = 3


def main(arguments: Sequence[str] | None = None, project: Path = PROJECT) -> int:
    """List the orphaned resources, and remove them with `--yes`; return 1 if one could not be removed."""
    parser = ArgumentParser(prog="loadtest cleanup", description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--stack", help="only resources of this stack (default: of all stacks)")
    parser.add_argument(
        "--instance",
        action="append",
        default=[],
        metavar="ID",
        help="also resources of this instance of another checkout",
    )
    parser.add_argument("--yes", action="store_true", help="remove them; without it they are only listed")
    chosen = parser.parse_args(arguments)
    stack = short_name(chosen.stack) if chosen.stack else None
    return exit_code_of(lambda: _run(project, stack, chosen.instance, remove=chosen.yes), _print_error)


def _run(project: Path, stack: str | None, instances: Collection[str], *, remove: bool) -> int:
    platforms = _search(project, stack, instances)
    found = _own(project, platforms)
    used = {} if stack is not None else instances_in_use(project, {each.stack for each in found if each.stack})
    found = _unused(found, used)
    foreign = [each for orphans in platforms for each in orphans.foreign]
    for orphans in platforms:
        if orphans.unsearched:
            _print_error(f"warning: {orphans.unsearched}")
    for each in foreign:
        remedy = f"remove with --yes --instance {each.instance}" if each.instance else "remove it by hand"
        _print(f"not created by this checkout: {each}; {remedy}")
    for name in sorted(used.values()):
        _print(f"not orphaned: stack {name}; remove it with `{loadtest_command('destroy', name)}`")
    if not found and not foreign:
        if stack is not None:
            require_stack(project, stack)
        _print("no orphaned resources")
    if found and not remove:
        for each in found:
            _print(f"orphaned: {each}")
        command = f"{loadtest_command('cleanup', stack or '')} --yes"
        _print(f"{len(found)} orphaned; remove with `{command}` (a run in progress ends, too)")
    code = _remove_all(project, stack, instances, found, used) if remove else ExitCode.OK
    return ExitCode.FAILED if any(orphans.unsearched and orphans.is_chosen for orphans in platforms) else code


def _search(project: Path, stack: str | None, instances: Collection[str]) -> Sequence[Orphans]:
    """Search every platform. Docker engines and clusters are shared: there, only remove what this checkout created."""
    own = {*recorded_instances(project), *instances}
    return [cleanup_of(platform).find_orphans(project, stack, own) for platform in PLATFORMS]


def _own(project: Path, platforms: Sequence[Orphans]) -> Sequence[OrphanedResource]:
    """Return what may be removed, first the plugins, which could still create more."""
    return [*orphaned_plugins(project), *(each for orphans in platforms for each in orphans.own)]


def _unused(found: Sequence[OrphanedResource], used: Collection[str]) -> Sequence[OrphanedResource]:
    return [each for each in found if each.instance not in used]


def _remove_all(
    project: Path,
    stack: str | None,
    instances: Collection[str],
    found: Sequence[OrphanedResource],
    used: Collection[str],
) -> ExitCode:
    """Remove resources and search again: plugins may have created more before they ended."""
    code = ExitCode.OK
    for _ in range(_PASSES):
        code = _remove(found)
        found = _unused(_own(project, _search(project, stack, instances)), used) if code == ExitCode.OK else []
        if not found:
            break
    return code


def _remove(found: Sequence[OrphanedResource]) -> ExitCode:
    code = ExitCode.OK
    for each in found:
        try:
            each.remove()
        except LoadtestError as error:
            _print_error(f"error: {error}")
            code = ExitCode.FAILED
        else:
            _print(f"removed: {each}")
    return code


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _print_error(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
