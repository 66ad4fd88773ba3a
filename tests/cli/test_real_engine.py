"""The `loadtest` command with the real engine on PATH, in a clone without contrib/."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from core.schema.file import load_schema
from testkit import engine
from testkit.clone import ROOT, Clone, Done, Stack

pytestmark = pytest.mark.engine
ROWS = 300


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Clone:
    clone = Clone(tmp_path_factory.mktemp("alone") / "project")
    shutil.rmtree(clone.folder / "contrib")
    clone.environment |= engine.on_path()
    return clone


@pytest.fixture
def stack(clone) -> Iterator[Stack]:
    stack = Stack(clone, {"rowCount": ROWS})
    yield stack
    if stack.traces():
        stack.destroy()


def loadtest(stack: Stack, *arguments: str) -> Done:
    return stack.run(sys.executable, "-m", "cli", *arguments)


def test_product_runs_without_contrib(stack):
    up = loadtest(stack, "up", "-s", stack.name, "--color=never").succeeded()
    assert "TOTAL" in up.output
    assert up.output.rindex("Duration:") < up.output.rindex("TOTAL")
    tables = load_schema(ROOT / "schemas" / "shop.yaml").tables
    report = json.loads(loadtest(stack, "report", "-s", stack.name, "--output-format", "json").succeeded().output)
    assert (report["stack"], report["totals"]["rows"]) == (stack.name, ROWS * len(tables))
    loadtest(stack, "cleanup", "-s", stack.name).succeeded()
    loadtest(stack, "destroy", "-s", stack.name).succeeded()
    assert stack.traces() == []


def test_env_prepares_plain_pulumi(tmp_path):
    project = tmp_path / "project"
    for package in ("cli", "core"):
        shutil.copytree(ROOT / package, project / package)
    (project / "Pulumi.yaml").write_text(
        f"name: tiny\nruntime:\n  name: python\n  options:\n    virtualenv: {sys.prefix}\n"
    )
    (project / "Pulumi.small.yaml").write_text("config:\n  loadtest:platform: local\n")
    (project / "__main__.py").write_text("import pulumi\npulumi.export('workers', 2)\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    environment |= {"PULUMI_HOME": str(tmp_path / "home"), **engine.on_path()}

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def loadtest_pulumi(*arguments: str) -> str:
        return run(sys.executable, "-m", "cli", "pulumi", *arguments)

    loadtest_pulumi("up", "-s", "small", "--yes")
    assert loadtest_pulumi("stack", "output", "workers", "-s", "small") == "2"
    exports = loadtest_pulumi("--env")
    assert f"export PULUMI_BACKEND_URL=file://{project}/.pulumi" in exports
    assert run("sh", "-c", f"{exports}\npulumi stack output workers -s small") == "2"
    shutil.rmtree(project / ".pulumi")
    loadtest_pulumi("up", "-s", "small", "--yes")
    assert loadtest_pulumi("stack", "output", "workers", "-s", "small") == "2"
