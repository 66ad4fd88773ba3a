"""Processes that outlive the one that started them: remembered by pid and start time, so that no stranger is ever ended."""

import os
from pathlib import Path

import psutil

_GRACE_SECONDS = 10


def remember(process: int, file: Path) -> None:
    """Write down which process this is."""
    file.write_text(f"{process} {psutil.Process(process).create_time()}")


def end_remembered(file: Path, grace_seconds: float = _GRACE_SECONDS) -> None:
    """End the process that was written down, with all below it; nothing where it is gone or another has its pid."""
    if not file.is_file():
        return
    pid, created = file.read_text().split()
    try:
        process = psutil.Process(int(pid))
        if abs(process.create_time() - float(created)) > 1:
            return
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for member in family:
        if member.pid != os.getpid() and member.is_running():
            member.terminate()
    _, alive = psutil.wait_procs(family, timeout=grace_seconds)
    for member in alive:
        member.kill()
    psutil.wait_procs(alive, timeout=grace_seconds)
