"""Programs that outlive the command that starts them, recognised later by process id and start time."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from contrib.offline.cluster.layout import Layout
from contrib.offline.cluster.progress import say

_STATE, _START_TIME = 0, 19
"""Indexes of these fields in /proc/PID/stat, counted from the field after the program's name: see proc(5)."""
_TAIL_LINES = 5


@dataclass(frozen=True)
class Daemon:
    """One program of one cluster."""

    layout: Layout
    name: str

    @property
    def pid_file(self) -> Path:
        """The file with process id and start time, which distinguishes it from a later process with the same id."""
        return self.layout.pids / self.name

    @property
    def log(self) -> Path:
        """The file with its output."""
        return self.layout.logs / f"{self.name}.log"

    def start(self, command: Sequence[str]) -> None:
        """Start the program in a session of its own, unless it is running.

        Its environment contains PATH only, so that the tests' variables, some of which are secret, do not reach it.
        """
        if self.is_running():
            return
        if self.pid_file.exists():
            say(f"{self.name} has ended unexpectedly and is started again; its log is {self.log}")
        # Not subprocess, which warns about processes that outlive it.
        pid = os.posix_spawnp(
            command[0],
            list(command),
            {"PATH": os.environ.get("PATH", os.defpath)},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(self.log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
        )
        self.pid_file.write_text(f"{pid} {start_time(pid)}")

    def is_running(self) -> bool:
        """Return whether the started process still runs."""
        return self._pid() is not None

    def stop(self, patience: float) -> None:
        """Ask the program to end, kill it after `patience` seconds, and return once it has ended."""
        pid = self._pid()
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            if not self._ends(patience):
                os.kill(pid, signal.SIGKILL)
                self._ends(patience=10)
        self.pid_file.unlink(missing_ok=True)

    def last_lines(self) -> str:
        """Return the last lines of the program's log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])

    def _pid(self) -> int | None:
        try:
            pid, started = self.pid_file.read_text().split()
        except FileNotFoundError:
            return None
        return int(pid) if start_time(int(pid)) == started else None

    def _ends(self, patience: float) -> bool:
        deadline = time.monotonic() + patience
        while self.is_running():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True


def start_time(pid: int) -> str | None:
    """Return when a running process began, in the kernel's ticks, or None if it has ended or is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[_STATE] in "ZX" else fields[_START_TIME]
