"""The tables of errors have the same form in each store, and no entry hides another."""

import importlib
import re
from collections import Counter

import pytest

from worker.sources.known_errors import UNKNOWN, Known, KnownErrors, each

_SERVERS = ("postgresql", "mysql", "mongodb", "neo4j", "kafka")


def _table(store: str) -> "KnownErrors[int] | KnownErrors[str]":
    known: KnownErrors[int] | KnownErrors[str] = importlib.import_module(f"worker.sources.{store}.errors").KNOWN
    return known


@pytest.mark.parametrize("store", _SERVERS)
def test_table_has_at_least_fifty_codes(store: str) -> None:
    assert len({entry.code for entry in _table(store)}) >= 50


@pytest.mark.parametrize("store", _SERVERS)
def test_entries_of_one_code_differ_in_their_words(store: str) -> None:
    counts = Counter((entry.code, entry.words) for entry in _table(store))
    assert [each_ for each_, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("store", _SERVERS)
def test_entry_has_cause_and_remedy_in_plain_form(store: str) -> None:
    for entry in _table(store):
        re.compile(entry.words)
        assert 3 < len(entry.cause) < 90, entry
        assert not entry.cause[0].isupper() or entry.cause.split()[0].isupper(), entry
        assert entry.remedy != UNKNOWN, entry
        assert not re.search(r"[\n|]|\.$", entry.cause + entry.remedy), entry


def test_entry_with_words_precedes_the_general_one() -> None:
    known = KnownErrors(*each((1, 2), "general", "do this"), Known(1, "special", "do that", "disk|file"))
    assert known.find(1, "a full disk") == Known(1, "special", "do that", "disk|file")
    assert known.find(1, "another") == Known(1, "general", "do this")
    assert known.find(2, "a full disk") == Known(2, "general", "do this")
    assert known.find(3, "a full disk") is None
    assert [entry.code for entry in known] == [1, 1, 2]
