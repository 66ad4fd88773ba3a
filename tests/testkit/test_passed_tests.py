"""Tests of the options that split a run of the tests. They start no other pytest, which would remove this one's folder."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from testkit import plugin
from testkit.passed_tests import read_passed, write_passed

UNITS = "tests/core/test_units.py::test_size[1 Mi]"
NAMES = "tests/core/test_text.py::test_names[\u00fc]"


class _Config:
    """The parts of pytest's configuration that the selection of tests uses."""

    def __init__(self, **options: object) -> None:
        self._options = {"--tier": "all", "--without-passed": None, **options}
        self.stash: dict[object, object] = {plugin._NOT_IN_TIER: {}}
        self.option = SimpleNamespace(randomly_reorganize=False)
        self.deselected: list[object] = []
        self.hook = self

    def pytest_deselected(self, items: list[object]) -> None:
        self.deselected += items

    def getoption(self, name: str) -> object:
        return self._options[name]


def _reports(*names: str) -> Any:
    return [SimpleNamespace(nodeid=name) for name in names]


def _items(*names: str) -> list[Any]:
    return [SimpleNamespace(nodeid=name, iter_markers=lambda: ()) for name in names]


def test_names_of_passed_tests_are_written_one_per_line(tmp_path):
    file = tmp_path / "passed"
    write_passed(file, _reports(UNITS, NAMES))
    assert file.read_text(encoding="utf-8") == f"{NAMES}\n{UNITS}\n"
    assert read_passed(file) == {UNITS, NAMES}


def test_without_file_nothing_is_written_or_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_passed(None, _reports(UNITS))
    assert not list(tmp_path.iterdir())
    assert read_passed(None) == frozenset()


def test_collection_leaves_out_tests_that_passed_before(tmp_path):
    file = tmp_path / "passed"
    write_passed(file, _reports(UNITS))
    items = _items(UNITS, NAMES)
    passed, other = items
    config = _Config(**{"--without-passed": file})
    plugin.pytest_collection_modifyitems(cast("pytest.Config", config), items)
    assert items == [other]
    assert config.deselected == [passed]
