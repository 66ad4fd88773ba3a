"""The commands and the test kit in a clone without contrib/."""

import shutil
import sys

import pytest

from testkit.clone import Clone

MARK = "without contrib"


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Clone:
    clone = Clone(tmp_path_factory.mktemp("without") / "project")
    shutil.rmtree(clone.folder / "contrib")
    # In the pool these two belong to the process that runs this test.
    for name in ("PYTEST_XDIST_WORKER", "LOADTEST_TEST_SESSION"):
        clone.environment.pop(name, None)
    return clone


def test_testkit_names_missing_components(clone, tmp_path):
    program = "from testkit import plugin, components as c; print(c.missing('engine'), c.missing('cluster'), sep='; ')"
    done = clone.run(sys.executable, "-c", program, mark=MARK, PATH=str(tmp_path), LOADTEST_PULUMI="").succeeded()
    engine, _, cluster = done.output.strip().partition("; ")
    assert engine == "no pulumi on PATH"
    assert "missing" in cluster or "root" in cluster


def test_plan_and_cleanup_run(clone, tmp_path):
    for command in (("plan", "-s", "small"), ("cleanup",)):
        clone.run(sys.executable, "-m", "cli", *command, mark=MARK, PATH=str(tmp_path)).succeeded()
