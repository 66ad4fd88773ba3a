"""An update that Pulumi refuses: the report of an earlier run is not shown, and an invalid setting ends in code 2."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from testkit.clone import Clone
from tests.aggregate import runs
from tests.cli.fake_pulumi import FakePulumi
from tests.cli.test_commands import loadtest

EARLIER, LATER = "2026-03-01T10:00:00.000Z", "2126-03-01T10:00:00.000Z"
INVALID = "error: loadtest:workers: 'three' is not a whole number above zero; write one like 4; "


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return Clone(tmp_path_factory.mktemp("outcome") / "project")


@pytest.fixture
def pulumi(tmp_path: Path, clone: Clone) -> Iterator[FakePulumi]:
    fake = FakePulumi(tmp_path / "bin", clone)
    fake.environment |= {"PULUMI_HOME": str(tmp_path / "home")}
    fake.returns(255, json.dumps(runs.outputs(runs.three_workers())))
    (fake.folder / "history.json").write_text(json.dumps([{"result": "succeeded", "startTime": EARLIER}]))
    yield fake
    own_file(clone).unlink(missing_ok=True)


def own_file(clone: Clone) -> Path:
    return clone.folder / ".pulumi" / "config" / "Pulumi.small.yaml"


def save(clone: Clone, setting: str) -> None:
    own_file(clone).parent.mkdir(parents=True, exist_ok=True)
    own_file(clone).write_text(f"config: {{{setting}}}\n")


def test_update_that_pulumi_refuses_has_no_report(pulumi):
    done = loadtest(pulumi, "up")
    assert (done.returncode, done.stdout, done.stderr) == (255, "", "")


def test_setting_that_pulumi_refuses_has_a_remedy(pulumi, clone):
    save(clone, "loadtest:workers: three")
    done = loadtest(pulumi, "up")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(INVALID)
    assert "`./loadtest pulumi config rm loadtest:workers -s small` removes it" in done.stderr


def test_setting_that_the_program_refuses_is_not_named_twice(pulumi, clone):
    save(clone, "loadtest:workers: three")
    (pulumi.folder / "history.json").write_text(json.dumps([{"result": "failed", "startTime": LATER}]))
    done = loadtest(pulumi, "up")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")
