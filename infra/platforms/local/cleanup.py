"""Find orphaned workspaces, with the processes, mounts and control groups that were created from them."""

import shutil
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path

from core.errors import RunError
from core.files import reason_of
from core.workspace import WORKSPACES
from infra.ownership import OrphanedResource, Orphans
from infra.platforms.local.limits import ROOT, has_groups
from infra.platforms.local.workspace import WorkspacePaths, clear_outside, group_of, is_copy
from infra.resources.identity import forget_instance, recorded_instances


def find_orphans(project: Path, stack: str | None, _instances: Collection[str]) -> Orphans:
    """Return the marked folders below `.loadtest`, and the control groups of folders that are gone.

    A copy of a folder whose original still exists is foreign: the processes and mounts belong to the original.
    """
    marked = [paths for paths in _marked(project, stack) if not is_copy(paths)]
    copied = [paths.folder for paths in _marked(project, stack) if is_copy(paths)]
    return Orphans(
        own=[*(_workspace(paths) for paths in marked), *_groups(project, stack)],
        foreign=[OrphanedResource("workspace", str(each), each.name, partial(shutil.rmtree, each)) for each in copied],
    )


def kept(_project: Path, _stack: str) -> Sequence[str]:
    """Return nothing: `destroy` removes everything."""
    return ()


def _marked(project: Path, stack: str | None) -> Iterator[WorkspacePaths]:
    for folder in sorted((project / WORKSPACES).glob("*")):
        paths = WorkspacePaths(folder)
        if stack in (None, folder.name) and paths.instance:
            yield paths


def _workspace(paths: WorkspacePaths) -> OrphanedResource:
    folder = paths.folder

    def remove() -> None:
        try:
            WorkspacePaths(folder).clear()
        except OSError as error:
            raise RunError(f"{folder}: {reason_of(error)}; remove it by hand") from error

    return OrphanedResource("workspace", str(folder), folder.name, remove, paths.instance)


def _groups(project: Path, stack: str | None) -> Iterator[OrphanedResource]:
    for instance, folder in recorded_instances(project).items():
        group = group_of(folder.name, instance)
        if stack in (None, folder.name) and not folder.exists() and has_groups(group, ROOT):
            yield OrphanedResource(
                "control group", group, folder.name, partial(_remove, project, folder.name, instance), instance
            )


def _remove(project: Path, stack: str, instance: str) -> None:
    clear_outside(project, stack, instance)
    forget_instance(instance)
