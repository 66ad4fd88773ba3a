"""The stack's folder on this machine: the first thing made and the last one removed, with all that is left in it.

The state holds the stack's name and its instance id, not a path. The folder holds the id in a file, which is its mark, and a
link in the user's state folder says where it is, so that another checkout with the same backend finds it too.
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

from infra.resources.dynamic import ReplacedProvider

PARENT = ".loadtest"
_MARK = "instance"


@dataclass(frozen=True, slots=True)
class WorkspacePaths:
    """Where everything of a stack lies on this machine."""

    folder: Path

    @property
    def plan(self) -> Path:
        """The plan file."""
        return self.folder / "plan.json"

    @property
    def workers(self) -> Path:
        """What the workers write: `ID.out`, `ID.err`, and a folder `ID` with their RAM disk."""
        return self.folder / "workers"

    @property
    def results(self) -> Path:
        """The workers' result files."""
        return self.folder / "results"

    @property
    def instance(self) -> str:
        """The id of the stack that made the folder; empty where no mark says so."""
        mark = self.folder / _MARK
        return mark.read_text().strip() if mark.is_file() else ""

    @property
    def group(self) -> str:
        """The control groups' common name: the instance's, or for a folder without a mark its own."""
        unmarked = hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]
        return group_of(self.folder.name, self.instance or unmarked)

    def clear(self) -> None:
        """End what was started from here, unmount its RAM disks, remove its control groups and the folder."""
        from infra.platforms.local.cgroup import remove_groups
        from infra.platforms.local.pidfile import end_remembered
        from infra.platforms.local.ramdisk import unmount_below
        from infra.platforms.local.server_user import ELSEWHERE, remove_home

        for file in self.folder.rglob("*.pid"):
            end_remembered(file)
        for note in list(self.folder.rglob(ELSEWHERE)):
            remove_home(note.parent)
        unmount_below(self.folder)
        remove_groups(self.group)
        if self.instance:
            forget(self.instance)
        if self.folder.exists():
            shutil.rmtree(self.folder)
        if self.folder.parent.name == PARENT:
            with contextlib.suppress(OSError):
                self.folder.parent.rmdir()


def group_of(stack: str, instance: str) -> str:
    """Return the name of the control groups of one created stack."""
    return f"{stack}-{instance}"


def make_workspace(project: Path, stack: str, instance: str) -> WorkspacePaths:
    """Create the folder with its mark. An interrupted engine may have left one of the same instance: it goes first.

    Raises RunError where a folder of another instance, or one without a mark, has its place.
    """
    paths = WorkspacePaths(project / PARENT / stack)
    require_own_folder(project, stack, instance)
    paths.clear()
    paths.folder.parent.mkdir(exist_ok=True)
    # Under its name only once it is marked.
    unfinished = paths.folder.with_name(f".{stack}.{instance}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    (unfinished / _MARK).write_text(instance)
    unfinished.rename(paths.folder)
    note(project, stack, instance)
    return paths


def require_own_folder(project: Path, stack: str, instance: str) -> None:
    """Raise RunError where a folder of another instance, or one without a mark, has the stack's place."""
    from core.errors import RunError

    paths = WorkspacePaths(project / PARENT / stack)
    if paths.folder.exists() and (paths.instance != instance or not instance):
        raise RunError(
            f"{paths.folder}: was made by another stack named {stack}; destroy that one, or list what was left with "
            f"`make sweep STACK={stack}`"
        )


def note(project: Path, stack: str, instance: str) -> None:
    """Write down that this checkout created the instance: cleanup without an engine looks for nothing else."""
    link = _link(instance)
    link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(project.resolve() / PARENT / stack)


def workspaces_of(project: Path, stack: str, instance: str) -> list[WorkspacePaths]:
    """Return the folders on this machine that carry the instance's mark: where it was made, or in a moved checkout."""
    link = _link(instance)
    made = [link.readlink()] if link.is_symlink() else []
    candidates = dict.fromkeys([*made, project / PARENT / stack])
    return [paths for folder in candidates if (paths := WorkspacePaths(folder)).instance == instance]


def is_copy(paths: WorkspacePaths) -> bool:
    """Whether a folder was copied, mark included, and its original still exists: processes and mounts are the original's."""
    link = _link(paths.instance)
    if not paths.instance or not link.is_symlink():
        return False
    original = WorkspacePaths(link.readlink())
    return original.instance == paths.instance and not original.folder.samefile(paths.folder)


def workspace_of(project: Path, stack: str, instance: str) -> WorkspacePaths:
    """Return the instance's folder. Raises RunError where this machine has none."""
    from core.errors import RunError

    found = workspaces_of(project, stack, instance)
    if not found:
        raise RunError(
            f"{project / PARENT / stack}: the folder of this stack is not on this machine; run `pulumi destroy`, then "
            "`pulumi up` again"
        )
    return found[0]


def made_in(project: Path) -> dict[str, Path]:
    """Return the folders, by instance, that this user's links place in a project, whether or not they still exist."""
    links = sorted(_link("x").parent.glob("*"))
    folders = {link.name: link.readlink() for link in links if link.is_symlink()}
    return {instance: folder for instance, folder in folders.items() if folder.parent == project.resolve() / PARENT}


def forget(instance: str) -> None:
    """Remove the link to a folder."""
    link = _link(instance)
    link.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        link.parent.rmdir()


def _link(instance: str) -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "loadtest" / instance


class WorkspaceProvider(ReplacedProvider):
    """Makes the folder, and clears it."""

    triggers = ("stack", "instance")

    def make(self, props: dict[str, Any]) -> CreateResult:
        """Make it in the project's folder, where the engine starts its providers."""
        make_workspace(Path.cwd(), props["stack"], props["instance"])
        return CreateResult(id_=props["instance"], outs={key: props[key] for key in self.triggers})

    def remove(self, props: dict[str, Any]) -> None:
        """Leave nothing, not even the empty folder above. A state of an earlier version has no mark: it removes nothing."""
        if not props.get("instance"):
            return
        for paths in workspaces_of(Path.cwd(), props["stack"], props["instance"]):
            paths.clear()
        forget(props["instance"])


class Workspace(Resource, module="loadtest", name="Workspace"):
    """A folder that only this user can read."""

    instance: pulumi.Output[str]

    def __init__(self, name: str, stack: str, instance: pulumi.Input[str], opts: pulumi.ResourceOptions) -> None:
        super().__init__(WorkspaceProvider(), name, {"stack": stack, "instance": instance}, opts)
