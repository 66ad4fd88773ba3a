"""The cache of built parts: its keys, and concurrent use by two processes."""

import subprocess
import sys
from pathlib import Path

import pytest

from contrib.offline.parts import cache
from contrib.offline.parts.cache import Cache

MAKE = """
import sys, time
from pathlib import Path
from contrib.offline.parts.cache import Cache

def make(folder: Path) -> None:
    with open(sys.argv[1], "a") as made:
        made.write("made\\n")
    (folder / "first").write_text("1")
    time.sleep(1)
    (folder / "second").write_text("2")

print(sorted(path.name for path in Cache("test").folder("part", make).iterdir()))
"""


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.delenv(cache.BUILDS)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Cache("test").root


@pytest.fixture
def sources(tmp_path):
    folder = tmp_path / "sources"
    (folder / "shim").mkdir(parents=True)
    (folder / "go.mod").write_text("module a\n")
    (folder / "shim" / "shim.go").write_text("package shim\n")
    return folder


def test_key_depends_on_names_contents_and_versions(sources):
    keys = [cache.key([sources], {"pulumi": "1"})]
    assert cache.key([sources], {"pulumi": "1"}) == keys[0]
    keys.append(cache.key([sources], {"pulumi": "2"}))
    (sources / "shim" / "shim.go").write_text("package shim // changed\n")
    keys.append(cache.key([sources], {"pulumi": "1"}))
    (sources / "shim" / "shim.go").rename(sources / "shim.go")
    keys.append(cache.key([sources], {"pulumi": "1"}))
    (sources / "main.go").write_text("")
    keys.append(cache.key([sources], {"pulumi": "1"}))
    assert len(set(keys)) == len(keys)


def test_key_ignores_bytecode(sources):
    before = cache.key([sources], {})
    (sources / "__pycache__").mkdir()
    (sources / "__pycache__" / "x.pyc").write_bytes(b"1")
    assert cache.key([sources], {}) == before


def test_two_processes_create_a_folder_once(own_cache, tmp_path):
    made = tmp_path / "made"
    command = [sys.executable, "-c", MAKE, str(made)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[0].strip() for process in processes] == ["['first', 'second']"] * 2
    assert made.read_text() == "made\n"


def test_failed_build_leaves_nothing_and_is_repeated(own_cache):
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        Cache("test").folder("part", fail)
    assert [path.name for path in own_cache.iterdir()] == ["part.lock"]
    whole = Cache("test").folder("part", lambda folder: (folder / "whole").touch())
    assert [path.name for path in whole.iterdir()] == ["whole"]
