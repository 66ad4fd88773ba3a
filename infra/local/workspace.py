"""The stack's folder on this machine: the first thing made and the last one removed, with all that is left in it."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, Resource

from infra.dynamic import ReplacedProvider


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
    def group(self) -> str:
        """The control groups' common name: the same for the same folder, and for no other."""
        return f"{self.folder.name}-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]}"

    def clear(self) -> None:
        """End what was started from here, unmount its RAM disks, remove its control groups and the folder."""
        from infra.local.account import ELSEWHERE, remove_home
        from infra.local.cgroup import remove_groups
        from infra.local.processes import end_remembered
        from infra.local.ramdisk import unmount_below

        for file in self.folder.rglob("*.pid"):
            end_remembered(file)
        for note in list(self.folder.rglob(ELSEWHERE)):
            remove_home(note.parent)
        unmount_below(self.folder)
        remove_groups(self.group)
        if self.folder.exists():
            shutil.rmtree(self.folder)


class WorkspaceProvider(ReplacedProvider):
    """Makes the folder, and clears it."""

    triggers = ("folder",)

    def make(self, props: dict[str, Any]) -> CreateResult:
        """An interrupted engine may have left a folder of this name: it goes first."""
        folder = Path(props["folder"])
        WorkspacePaths(folder).clear()
        folder.mkdir(parents=True, mode=0o700)
        return CreateResult(id_=str(folder), outs={"folder": str(folder)})

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Leave nothing, not even the empty folder above."""
        folder = Path(_id)
        WorkspacePaths(folder).clear()
        if folder.parent.is_dir() and not any(folder.parent.iterdir()):
            folder.parent.rmdir()


class Workspace(Resource, module="loadtest", name="Workspace"):
    """A folder that only this user can read."""

    folder: pulumi.Output[str]

    def __init__(self, name: str, folder: Path, opts: pulumi.ResourceOptions) -> None:
        super().__init__(WorkspaceProvider(), name, {"folder": str(folder)}, opts)
