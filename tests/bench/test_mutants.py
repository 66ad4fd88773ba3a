"""The catalogue of mutants matches the code: each has its place, its tests exist, and none is listed twice."""

from pathlib import Path

import pytest

from bench.mutants.__main__ import mutated
from bench.mutants.catalogue import MUTANTS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutated_text_occurs_once_and_tests_exist(mutant):
    sound = (ROOT / mutant.file).read_text()
    assert mutated(sound, mutant) != sound
    assert all((ROOT / test.partition("::")[0]).exists() for test in mutant.tests)


def test_catalogue_has_twenty_different_mutants():
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 20
    assert len({mutant.old for mutant in MUTANTS}) == len(MUTANTS)
