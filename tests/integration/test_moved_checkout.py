"""A stack whose checkout is copied to another folder; using a checkout does not change its preset files."""

import json
import subprocess
from pathlib import Path

import pytest

from testkit.clone import Clone, Stack

pytestmark = pytest.mark.engine


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@localhost")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


class Moved:
    """The preset `small`: one `up` in the first checkout, then `up` and `destroy` in a copy with the same backend."""

    def __init__(self, folder: Path) -> None:
        first, second = Clone(folder / "first"), Clone(folder / "second")
        second.environment = first.environment
        self.folder = folder
        self.checkouts = (first.folder, second.folder)
        for checkout in self.checkouts:
            git(checkout, "init", "--quiet")
            # The virtual environment is a link here, and the pattern for a folder in .gitignore does not match it.
            (checkout / ".git" / "info" / "exclude").write_text(".venv\n")
            git(checkout, "add", "--all")
            git(checkout, "commit", "--quiet", "--message=copy")
        self.stack, self.copy = Stack(first, {}, name="small"), Stack(second, {}, name="small")
        self.stack.pulumi("stack", "init").succeeded()
        self.stack.pulumi(*self.stack.up_arguments(), "-c", "loadtest:rowCount=300").succeeded()
        self.state = self.stack.pulumi("stack", "export", "--show-secrets").succeeded().output
        self.server = (self.stack.folder / "server" / "server.pid").read_text()
        # Settings of the first checkout are in a file that is not under version control.
        self.again = self.copy.pulumi(*self.copy.up_arguments(), "-c", "loadtest:rowCount=300").succeeded()
        self.kept = (self.stack.folder / "server" / "server.pid").read_text()
        self.destroyed = self.copy.destroy().succeeded()
        self.left = [*self.stack.traces(), *self.copy.traces()]
        self.status = [git(checkout, "status", "--porcelain") for checkout in self.checkouts]
        self.copy.pulumi("stack", "rm", "--yes").succeeded()
        self.removed = [git(checkout, "status", "--porcelain") for checkout in self.checkouts]


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory, clone: Clone) -> Moved:
    return Moved(tmp_path_factory.mktemp("moved"))


def test_state_has_no_path_of_checkout(moved):
    types = {resource["type"].rpartition("/")[2] for resource in json.loads(moved.state)["deployment"]["resources"]}
    assert types >= {"loadtest:Instance", "loadtest:Workspace", "loadtest:LocalServer", "loadtest:Fleet"}
    assert str(moved.folder) not in moved.state


def test_up_from_copy_changes_nothing(moved):
    assert "9 unchanged" in moved.again.output
    assert moved.kept == moved.server


def test_destroy_from_copy_leaves_nothing(moved):
    assert "9 deleted" in moved.destroyed.output
    assert moved.left == []


def test_preset_files_stay_unchanged(moved):
    assert moved.status == ["", ""]


def test_removing_stack_keeps_preset(moved):
    assert moved.removed == ["", ""]
