import json
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.commands import schema
from core.errors import ExitCode
from core.plan import LoadPlan
from infra.cli.plan import main
from testkit.clone import Clone, Stack
from testkit.embedded import embedded_postgresql
from tests.integration.kubernetes import server_image, worker_image
from tests.test_architecture import ROOT
from worker.cli import main as worker

EXAMPLES = sorted(folder.name for folder in (ROOT / "examples").iterdir() if folder.is_dir())
SECRETS = {"own-server": ["connectionString=postgresql://host/database"]}
"""Settings that a stack file of an example leaves to the user."""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project folder with the examples and no stack file."""
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    for folder in ("schemas", "examples"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def readme(example):
    return (ROOT / "examples" / example / "README.md").read_text()


def copy_stack_file(example, project):
    """Run the `cp` line of an example's README."""
    source, target = re.findall(r"^cp (\S+) (\S+)$", readme(example), re.MULTILINE)[0]
    shutil.copy(project / source, project / target)


def planned(example, project, capsys):
    copy_stack_file(example, project)
    overrides = [argument for value in SECRETS.get(example, []) for argument in ("-c", value)]
    assert main(["--stack", example, "--output-format", "json", *overrides]) == ExitCode.OK
    return LoadPlan.model_validate_json(capsys.readouterr().out)


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_can_be_planned(example, project, capsys):
    plan = planned(example, project, capsys)
    assert plan.rows == plan.row_count * len(plan.tables)
    assert all(worker.rows for worker in plan.workers)


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_is_listed(example):
    assert f"({example}/README.md)" in (ROOT / "examples" / "README.md").read_text()


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_readme_uses_own_stack(example):
    named = set(re.findall(r"(?:STACK=|-s |--stack )([\w-]+)", readme(example)))
    assert named == {example}


def test_own_server_is_refused_without_password_encryption(project, capsys):
    copy_stack_file("own-server", project)
    arguments = ["--stack", "own-server", "-c", "connectionString=postgresql://user:password@host/database"]
    assert main(arguments) == ExitCode.BAD_INPUT
    assert "config set --secret" in capsys.readouterr().err


def test_own_schema_commands_of_readme_work(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    shown = re.findall(r"^\./loadtest schema (.+)$", readme("own-schema"), re.MULTILINE)
    generated = re.findall(r"^\.venv/bin/python -m worker (.+)$", readme("own-schema"), re.MULTILINE)
    assert len(shown) == len(generated) == 1
    assert schema(shown[0].split()) == ExitCode.OK
    assert worker(generated[0].split()) == ExitCode.OK
    assert "member_id" in capsys.readouterr().out


@contextmanager
def stack_of(example: str, folder: Path) -> Iterator[Stack]:
    """Yield a clone's stack from the file of an example; destroy it in the end, and fail if something is left."""
    clone = Clone(folder)
    copy_stack_file(example, clone.folder)
    stack = Stack(clone, {}, name=example)
    try:
        yield stack
    finally:
        stack.destroy().succeeded()
    assert stack.traces() == []


def assert_verified(stack: Stack, rows: int) -> None:
    report = stack.report_json()
    assert report["exit_code"] == ExitCode.OK
    assert report["verification"]["matched"] == rows


@pytest.mark.engine
def test_own_schema_runs(tmp_path):
    with stack_of("own-schema", tmp_path / "project") as stack:
        stack.up().succeeded()
        assert_verified(stack, 3 * 10_000)  # books, members and loans


@pytest.mark.engine
def test_own_server_runs(tmp_path):
    with embedded_postgresql() as server, stack_of("own-server", tmp_path / "project") as stack:
        stack.set_secret("connectionString", server)
        stack.up(rowCount=10_000).succeeded()
        assert_verified(stack, 30_000)


@pytest.mark.cluster
@pytest.mark.engine
def test_kubernetes_runs(tmp_path, cluster, monkeypatch):
    """Run the example with fewer rows, and with limits that a node of two cores has room for."""
    with stack_of("kubernetes", tmp_path / "project") as stack:
        monkeypatch.setitem(stack.clone.environment, "KUBECONFIG", str(cluster))
        images = {"workerImage": worker_image(stack.clone.folder), "databaseImage": server_image("postgresql")}
        stack.set(databaseCpuLimit="500m", databaseMemoryLimit="1Gi", **images)
        stack.up(workers=2, cpuLimit="250m", rowCount=10_000).succeeded()
        report = stack.report_json()
        assert (report["exit_code"], report["totals"]["rows"]) == (ExitCode.OK, 30_000)


@pytest.mark.engine
def test_csv_pipeline_runs_and_its_files_verify(tmp_path):
    with stack_of("csv-pipeline", tmp_path / "project") as stack:
        clone = stack.clone
        stack.up().succeeded()
        script = "examples/csv-pipeline/pipeline.py"
        result = json.loads(stack.run(sys.executable, script, "artefacts/csv-pipeline").succeeded().output)
        assert sum(int(status["orders"]) for status in result.values()) == 10_000
        stack.up(operation="verify").succeeded()
        assert stack.report_json()["exit_code"] == ExitCode.OK
    assert (clone.folder / "artefacts" / "csv-pipeline" / "loadtest-manifest.json").is_file()
