"""`scripts.audit` with recorded answers of pip-audit: findings fail, and packages without data are named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts import audit

CLEAN = {"name": "a", "version": "1", "vulns": []}
FIXABLE = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1", "3"], "aliases": []}]}
UNFIXED = {"name": "c", "version": "3", "vulns": [{"id": "PYSEC-2", "fix_versions": [], "aliases": []}]}
UNKNOWN = {"name": "d", "skip_reason": "Dependency not found on PyPI and could not be audited: d (4)"}


@pytest.fixture
def audited(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[str]]]:
    """A function that runs the audit with a pip-audit of this output and exit code, and returns exit code and lines."""

    def run(printed: str, code: int = 0) -> tuple[int, list[str]]:
        program = tmp_path / "pip-audit"
        program.write_text(f"#!/bin/sh\necho 'warning: something' >&2\ncat {tmp_path}/printed\nexit {code}\n")
        program.chmod(0o755)
        (tmp_path / "printed").write_text(printed)
        return audit.main([str(program)]), capsys.readouterr().out.splitlines()

    return run


def report(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_vulnerability_with_fix_fails(audited):
    assert audited(report(CLEAN, FIXABLE, UNFIXED, UNKNOWN), code=1) == (
        1,
        [
            "audit: b 2: PYSEC-1; install 2.1 or 3",
            "audit: c 3: PYSEC-2; no version fixes it",
            "audit: 3 packages audited, 2 with a known vulnerability; NOT AUDITED, no data: d",
        ],
    )


def test_vulnerability_without_fix_is_printed(audited):
    code, lines = audited(report(CLEAN, UNFIXED), code=1)
    assert code == 0
    assert lines[0] == "audit: c 3: PYSEC-2; no version fixes it"


def test_index_without_data_is_reported(audited):
    assert audited(report(UNKNOWN, UNKNOWN)) == (
        0,
        ["audit: NOT AUDITED: the package index has no vulnerability data for any of 2 packages"],
    )


def test_empty_answer_is_reported(audited):
    assert audited("", code=1) == (0, ["audit: NOT AUDITED: pip-audit printed no JSON (warning: something)"])
