"""Cleanup distinguishes the resources of a finished run from those that a killed engine left."""

import json
import uuid
from pathlib import Path

import pytest

from core import docker_address
from core.backend import state_file
from infra.cli import cleanup
from infra.platforms.local.workspace import create_workspace
from testkit import session


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a stack that has a stack file, on a machine without Docker."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setattr(docker_address, "_DEFAULT_SOCKET", f"unix://{tmp_path}/no-socket")
    name = session.unique("cleanup")
    (tmp_path / f"Pulumi.{name}.yaml").touch()
    return name


def _state(project: Path, stack: str, instance: str, pending: list[object]) -> None:
    """Write the state of a stack into the project's own backend."""
    (project / "Pulumi.yaml").write_text("name: loadtest\n")
    resources = [{"type": "pulumi-python:dynamic/loadtest:Instance", "id": instance}]
    file = state_file(project, stack)
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"checkpoint": {"latest": {"resources": resources, "pending_operations": pending}}}))


def test_resources_of_finished_stack_are_not_orphaned(
    tmp_path: Path, stack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = create_workspace(tmp_path, stack, uuid.uuid4().hex)
    _state(tmp_path, stack, paths.instance, [])
    assert cleanup.main(["--yes"], tmp_path) == 0
    # The machine's cluster may have resources of others, which are listed as well.
    lines = [line for line in capsys.readouterr().out.splitlines() if stack in line]
    assert lines == [f"not orphaned: stack {stack}; remove it with `./loadtest destroy -s {stack}`"]
    assert paths.folder.is_dir()
    assert cleanup.main(["--stack", stack, "--yes"], tmp_path) == 0
    assert not paths.folder.exists()


@pytest.mark.parametrize(("recorded", "pending"), [("own", ["creating"]), ("another", [])])
def test_resources_of_killed_engine_are_orphaned(
    tmp_path: Path, stack: str, recorded: str, pending: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    paths = create_workspace(tmp_path, stack, uuid.uuid4().hex)
    _state(tmp_path, stack, paths.instance if recorded == "own" else recorded, pending)
    assert cleanup.main([], tmp_path) == 0
    assert f"orphaned: workspace {paths.folder} (stack {stack})" in capsys.readouterr().out
    assert cleanup.main(["--yes"], tmp_path) == 0
    assert not paths.folder.exists()
