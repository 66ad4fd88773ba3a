"""The text of `plan`."""

from pathlib import Path

import pytest

from core.errors import ExitCode
from infra.cli import plan
from tests.infra.configuration import ROOT

PRESET = "config: {loadtest:rowCount: 10, loadtest:cpuLimit: 0.5}\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    (tmp_path / "Pulumi.mine.yaml").write_text(PRESET)
    (tmp_path / "schemas").symlink_to(ROOT / "schemas")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def saved_lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert plan.main(["--stack", "mine"]) == ExitCode.OK
    return [line for line in capsys.readouterr().out.splitlines() if line.startswith("saved")]


def test_plan_lists_saved_settings_with_their_removal(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert saved_lines(capsys) == []
    own = project / ".pulumi" / "config"
    own.mkdir(parents=True)
    (own / "Pulumi.mine.yaml").write_text(
        "encryptionsalt: v1:x\n"
        'config: {loadtest:rowCount: "70", loadtest:tables: [users], loadtest:databasePassword: {secure: v1:x}, a:b: c}\n'
    )
    removal = "`./loadtest pulumi config rm loadtest:{} -s mine` removes it"
    assert saved_lines(capsys) == [
        f"saved for this stack: loadtest:rowCount = 70; {removal.format('rowCount')}",
        f'saved for this stack: loadtest:tables = ["users"]; {removal.format("tables")}',
    ]
