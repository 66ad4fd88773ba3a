"""Processes that outlive their parent, recorded by pid and start time, so that Loadtest never ends another process."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from core.workspace import ProcessRecord

_GRACE_SECONDS = 10


def record_process(pid: int, file: Path) -> None:
    """Write the pid and start time of a process to a file."""
    ProcessRecord(pid, psutil.Process(pid).create_time()).write(file)


@contextmanager
def this_process_recorded(file: Path) -> Iterator[None]:
    """Record this process while it creates a resource, because its engine may end first."""
    record_process(os.getpid(), file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def is_running(file: Path) -> bool:
    """Return whether the recorded process is running."""
    try:
        record = ProcessRecord.read(file)
        process = psutil.Process(record.pid)
        return record.is_of(process.create_time()) and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, psutil.Error):
        return False


def end_recorded(file: Path, grace_seconds: float = _GRACE_SECONDS) -> None:
    """End the recorded process and its descendants; do nothing if it has ended, even if another process has its pid."""
    if not file.is_file():
        return
    record = ProcessRecord.read(file)
    try:
        process = psutil.Process(record.pid)
        if not record.is_of(process.create_time()):
            return
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    end_processes(family, grace_seconds)


def end_processes_in(folder: Path, grace_seconds: float = _GRACE_SECONDS) -> None:
    """End the processes whose working directory is this folder or below it: not all of them are recorded."""
    end_processes([process for process in psutil.process_iter() if _works_in(process, folder)], grace_seconds)


def _works_in(process: psutil.Process, folder: Path) -> bool:
    """Return whether the working directory of a process is this folder or below it."""
    try:
        return Path(process.cwd()).is_relative_to(folder)
    except psutil.Error:  # it has ended, or is another user's
        return False


def end_processes(family: Sequence[psutil.Process], grace_seconds: float = _GRACE_SECONDS) -> None:
    """End processes other than this one: SIGTERM, and SIGKILL after the grace period."""
    others = [member for member in family if member.pid != os.getpid()]
    for member in others:
        with suppress(psutil.NoSuchProcess):  # a server may have ended its own children
            member.terminate()
    _, alive = psutil.wait_procs(others, timeout=grace_seconds)
    for member in alive:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(alive, timeout=grace_seconds)
