"""The peak memory of the worker does not include the process that started it."""

import subprocess
import sys

from worker.system.environment import peak_memory_mb

_HELD_MB = 400


def test_peak_memory_excludes_parent_process() -> None:
    held = bytearray(_HELD_MB * 2**20)
    held[::4096] = b"\1" * len(range(0, len(held), 4096))
    code = "from worker.system.environment import peak_memory_mb; print(peak_memory_mb())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 5 < float(done.stdout) < _HELD_MB / 2
    assert peak_memory_mb() > _HELD_MB
