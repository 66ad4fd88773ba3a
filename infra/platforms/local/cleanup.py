"""Workspaces of the local platform, with the processes, mounts and control groups that were made from them."""

import shutil
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from core.errors import RunError
from infra.platforms.local.cgroup import ROOT, has_groups, remove_groups
from infra.platforms.local.workspace import PARENT, WorkspacePaths, forget, group_of, is_copy, made_in
from infra.platforms.orphan import Remains


def remains(project: Path, stack: str | None) -> Sequence[Remains]:
    """Return every marked folder below `.loadtest`, and the control groups of those that are gone."""
    own = [paths.folder for paths in _marked(project, stack) if not is_copy(paths)]
    return [*(_workspace(folder) for folder in own), *_groups(project, stack)]


def copies(project: Path, stack: str | None) -> Sequence[Remains]:
    """Return the folders that were copied from a checkout where the stack still exists, with its processes and mounts."""
    copied = [paths.folder for paths in _marked(project, stack) if is_copy(paths)]
    return [Remains("workspace", str(each), each.name, partial(shutil.rmtree, each)) for each in copied]


def _marked(project: Path, stack: str | None) -> Iterator[WorkspacePaths]:
    for folder in sorted((project / PARENT).glob("*")):
        paths = WorkspacePaths(folder)
        if stack in (None, folder.name) and paths.instance:
            yield paths


def _workspace(folder: Path) -> Remains:
    def remove() -> None:
        try:
            WorkspacePaths(folder).clear()
        except OSError as error:
            raise RunError(f"{folder}: {error.strerror or error}; remove it by hand") from error

    return Remains("workspace", str(folder), folder.name, remove)


def _groups(project: Path, stack: str | None) -> Iterator[Remains]:
    """Yield the control groups of folders that are gone; the links to the folders still name the instances."""
    for instance, folder in made_in(project).items():
        group = group_of(folder.name, instance)
        if stack in (None, folder.name) and not folder.exists() and has_groups(group, ROOT):
            yield Remains("control group", group, folder.name, partial(_remove, group, instance))


def _remove(group: str, instance: str) -> None:
    remove_groups(group)
    forget(instance)
