"""Workspaces of the local platform, with the processes, mounts and control groups that were made from them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from infra.local.cgroup import ROOT, has_groups, remove_groups
from infra.local.workspace import WorkspacePaths
from infra.sweeping.remains import Remains
from spec.errors import RunError
from spec.stack_file import stacks_of


def remains(project: Path, stack: str | None) -> Sequence[Remains]:
    """Every folder below `.loadtest`, and the control groups of the project's stacks that have lost theirs."""
    parent = project / ".loadtest"
    folders = [folder for folder in sorted(parent.glob("*")) if folder.is_dir() and stack in (None, folder.name)]
    return [*(_workspace(folder) for folder in folders), *_groups(project, stack, {folder.name for folder in folders})]


def _workspace(folder: Path) -> Remains:
    def remove() -> None:
        try:
            WorkspacePaths(folder).clear()
            if not any(folder.parent.iterdir()):
                folder.parent.rmdir()
        except OSError as error:
            raise RunError(f"{folder}: {error.strerror or error}; remove it by hand") from error

    return Remains("workspace", str(folder), folder.name, remove)


def _groups(project: Path, stack: str | None, seen: set[str]) -> Iterator[Remains]:
    """A group's name tells its stack only to who knows the folder's."""
    known = set(stacks_of(project)) if stack is None else {stack}
    for name in sorted(known - seen):
        group = WorkspacePaths(project / ".loadtest" / name).group
        if has_groups(group, ROOT):
            yield Remains("control group", group, name, lambda group=group: remove_groups(group))  # type: ignore[misc]
