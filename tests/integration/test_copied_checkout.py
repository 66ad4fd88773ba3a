"""A checkout that was copied together with its state: nothing in the copy touches the original's server and folder."""

import shutil
import subprocess

import pytest

from testkit.clone import Clone, Stack
from tests.integration import server

pytestmark = pytest.mark.engine

ROWS = {"users": 300, "orders": 300, "products": 300}


@pytest.fixture(scope="module")
def original(new_stack):
    stack = new_stack(rowCount=300)
    stack.up().succeeded()
    return stack


@pytest.fixture(scope="module")
def copy(original, tmp_path_factory):
    clone = Clone(tmp_path_factory.mktemp("copy") / "project")
    shutil.rmtree(clone.folder)
    subprocess.run(["cp", "-r", original.clone.folder, clone.folder], check=True)
    return Stack(clone, {}, name=original.name)


@pytest.mark.parametrize("command", ["up", "destroy"])
def test_command_in_copy_is_refused_by_name(original, copy, command):
    output = getattr(copy, command)().failed().output
    assert f"{original.name!r} of this folder is a copy of the stack in {original.clone.folder}" in output
    assert f"forget the copy with `./loadtest pulumi stack rm --force -s {original.name}`" in output
    assert "Traceback" not in output


def test_cleanup_in_copy_keeps_server_of_original(original, copy):
    copy.run("./loadtest", "cleanup", "--stack", copy.name, "--yes").succeeded()
    assert server.rows_in(original.connection_string()) == ROWS


def test_copy_is_destroyed_after_its_original(original, copy):
    original.destroy().succeeded()
    copy.destroy().succeeded()
    assert [*original.traces(), *copy.traces()] == []
