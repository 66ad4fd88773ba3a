"""The stack's folder on this machine, created first and removed last, with everything that was started from it.

The state contains the stack's name and its instance id, not a path. A file in the folder contains the id, and the record of
`infra.resources.identity` links to the folder, so that another checkout with the same backend finds it.
"""

import contextlib
import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, Resource

from core.errors import RunError
from core.process import loadtest_command
from core.workspace import WORKSPACES, WorkspaceFiles
from infra.pidfile import end_processes_in, end_recorded
from infra.platforms.local.limits import remove_groups, unmount_below
from infra.platforms.local.server_user import ELSEWHERE, remove_home, remove_homes_of
from infra.resources.dynamic import ReplaceOnChangeProvider
from infra.resources.identity import forget_instance, instance_link, record_instance

_MARK = "instance"


@dataclass(frozen=True, slots=True)
class WorkspacePaths(WorkspaceFiles):
    """The files of a stack on this machine, with the instance that created them."""

    @property
    def instance(self) -> str:
        """The id of the stack that created the folder; empty without a mark."""
        mark = self.folder / _MARK
        return mark.read_text().strip() if mark.is_file() else ""

    @property
    def group(self) -> str:
        """The common prefix of the control groups: from the instance, or from the path of a folder without a mark."""
        unmarked = hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]
        return group_of(self.folder.name, self.instance or unmarked)

    def clear(self) -> None:
        """End processes that were started here, unmount RAM disks, remove control groups and the folder."""
        for file in self.folder.rglob("*.pid"):
            end_recorded(file)
        for note in list(self.folder.rglob(ELSEWHERE)):
            remove_home(note.parent)
        unmount_below(self.folder)
        remove_groups(self.group)
        if self.instance:
            forget_instance(self.instance)
        if self.folder.exists():
            shutil.rmtree(self.folder.resolve())
        if self.folder.is_symlink():  # by a user who moved the folder to another disk
            self.folder.unlink()
        if self.folder.parent.name == WORKSPACES:
            with contextlib.suppress(OSError):
                self.folder.parent.rmdir()


def group_of(stack: str, instance: str) -> str:
    """Return the prefix of an instance's control groups."""
    return f"{stack}-{instance}"


def create_workspace(project: Path, stack: str, instance: str) -> WorkspacePaths:
    """Create the folder with its mark, in place of one that an interrupted engine left of the same instance.

    Raises RunError if the stack's path is a folder of another instance, or one without a mark.
    """
    paths = WorkspacePaths(project / WORKSPACES / stack)
    require_own_folder(project, stack, instance)
    paths.clear()
    paths.folder.parent.mkdir(exist_ok=True)
    # The folder gets its name only with its mark in it.
    unfinished = paths.folder.with_name(f".{stack}.{instance}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    (unfinished / _MARK).write_text(instance)
    unfinished.rename(paths.folder)
    record_instance(project, stack, instance)
    return paths


def require_own_folder(project: Path, stack: str, instance: str) -> None:
    """Raise RunError if the stack's path is a folder of another instance, or one without a mark."""
    paths = WorkspacePaths(project / WORKSPACES / stack)
    if not os.path.lexists(paths.folder) or (paths.instance == instance and instance):
        return
    if not paths.instance:
        raise RunError(f"{paths.folder}: was not created by Loadtest; move it to another place")
    raise RunError(
        f"{paths.folder}: was created by another stack named {stack}; destroy that stack, or list its orphaned "
        f"resources with `{loadtest_command('cleanup', stack)}`"
    )


def workspaces_of(project: Path, stack: str, instance: str) -> list[WorkspacePaths]:
    """Return the folders on this machine with the instance's mark: the recorded one, and the one of a moved checkout."""
    link = instance_link(instance)
    recorded = [link.readlink()] if link.is_symlink() else []
    candidates = dict.fromkeys([*recorded, project / WORKSPACES / stack])
    return [paths for folder in candidates if (paths := WorkspacePaths(folder)).instance == instance]


def is_copy(paths: WorkspacePaths) -> bool:
    """Return whether the folder is a copy whose original still exists. Processes and mounts belong to the original."""
    link = instance_link(paths.instance)
    if not paths.instance or not link.is_symlink():
        return False
    original = WorkspacePaths(link.readlink())
    return original.instance == paths.instance and not original.folder.samefile(paths.folder)


def clear_outside(project: Path, stack: str, instance: str) -> None:
    """End and remove what an instance has outside of its folder, also after that folder was removed by hand."""
    group, link = group_of(stack, instance), instance_link(instance)
    remove_homes_of(group)
    for folder in dict.fromkeys([link.readlink() if link.is_symlink() else project / WORKSPACES / stack]):
        if not folder.exists():
            end_processes_in(folder)
            unmount_below(folder)
    remove_groups(group)


def workspace_of(project: Path, stack: str, instance: str) -> WorkspacePaths:
    """Return the instance's folder. Raises RunError if it is not on this machine."""
    found = workspaces_of(project, stack, instance)
    if not found:
        raise RunError(
            f"{project / WORKSPACES / stack}: the folder of this stack is not on this machine; run `pulumi destroy`, then "
            "`pulumi up` again"
        )
    return found[0]


class WorkspaceProvider(ReplaceOnChangeProvider):
    """Create the folder, and clear it on deletion."""

    triggers = ("stack", "instance")

    def create_resource(self, props: dict[str, Any]) -> CreateResult:
        """Create the folder below the project, where the engine starts its providers."""
        create_workspace(Path.cwd(), props["stack"], props["instance"])
        return CreateResult(id_=props["instance"], outs={key: props[key] for key in self.triggers})

    def delete_resource(self, props: dict[str, Any]) -> None:
        """Clear the instance's folders and remove its record."""
        if not props.get("instance"):  # the state of an earlier version, without an instance id
            return
        stack, instance = props["stack"], props["instance"]
        for paths in workspaces_of(Path.cwd(), stack, instance):
            paths.clear()
        clear_outside(Path.cwd(), stack, instance)
        forget_instance(instance)

    def find_lost(self, props: dict[str, Any]) -> str:
        """Report a folder that was removed, or whose mark was."""
        if not props.get("instance") or workspaces_of(Path.cwd(), props["stack"], props["instance"]):
            return ""
        return f"{WORKSPACES}/{props['stack']} no longer exists"


class Workspace(Resource, module="loadtest", name="Workspace"):
    """A folder that only this user can read."""

    instance: pulumi.Output[str]

    def __init__(self, name: str, stack: str, instance: pulumi.Input[str], opts: pulumi.ResourceOptions) -> None:
        super().__init__(WorkspaceProvider(), name, {"stack": stack, "instance": instance}, opts)
