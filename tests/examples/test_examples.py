import json
import re
import shutil
import sys

import pytest

from cli.commands import schema
from core.errors import ExitCode
from core.plan import LoadPlan
from infra.cli.plan import main
from testkit.clone import Clone, Stack
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


@pytest.mark.engine
def test_csv_pipeline_runs_and_its_files_verify(tmp_path):
    clone = Clone(tmp_path / "project")
    copy_stack_file("csv-pipeline", clone.folder)
    stack = Stack(clone, {}, name="csv-pipeline")
    try:
        stack.up().succeeded()
        script = "examples/csv-pipeline/pipeline.py"
        result = json.loads(stack.run(sys.executable, script, "artefacts/csv-pipeline").succeeded().output)
        assert sum(int(status["orders"]) for status in result.values()) == 10_000
        stack.up(operation="verify").succeeded()
        report = stack.report_json()
        assert report["exit_code"] == ExitCode.OK
    finally:
        stack.destroy()
    assert stack.traces() == []
    assert (clone.folder / "artefacts" / "csv-pipeline" / "loadtest-manifest.json").is_file()
