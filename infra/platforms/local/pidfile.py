"""Processes that outlive the one that started them: remembered by pid and start time, so that no stranger is ever ended."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

_GRACE_SECONDS = 10


def remember(process: int, file: Path) -> None:
    """Write down which process this is."""
    file.write_text(f"{process} {psutil.Process(process).create_time()}")


@contextmanager
def at_work(file: Path) -> Iterator[None]:
    """Remember this process while it makes something here: its engine may be gone before it is done."""
    remember(os.getpid(), file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


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
    end(family, grace_seconds)


def end_in(folder: Path, grace_seconds: float = _GRACE_SECONDS) -> None:
    """End the processes that work in a folder or below it: those that nobody had the time to write down."""
    end([process for process in psutil.process_iter() if works_in(process, folder)], grace_seconds)


def works_in(process: psutil.Process, folder: Path) -> bool:
    """Whether its working directory is this folder or below it."""
    try:
        return Path(process.cwd()).is_relative_to(folder)
    except psutil.Error:  # gone, or another user's
        return False


def end(family: Sequence[psutil.Process], grace_seconds: float = _GRACE_SECONDS) -> None:
    """End processes, this one excepted: asked to, and after the grace without being asked."""
    others = [member for member in family if member.pid != os.getpid()]
    for member in others:
        with suppress(psutil.NoSuchProcess):  # a server ends its own children as soon as it is told to end
            member.terminate()
    _, alive = psutil.wait_procs(others, timeout=grace_seconds)
    for member in alive:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(alive, timeout=grace_seconds)
