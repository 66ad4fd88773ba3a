"""The processes of Pulumi's providers: when this one ends, and which ones are orphans of engines that ended.

A first Ctrl-C ends the program, and the engine waits for resources in creation. A second one, or a kill, ends the engine
without its providers. They then end themselves, or are ended by `orphaned_plugins`.
"""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from core.process import CHECKOUT_VARIABLE

if TYPE_CHECKING:
    from infra.ownership import OrphanedResource

_POLL_SECONDS = 0.5
_ENGINE = "pulumi"
_PLUGINS = ("pulumi-resource-", "pulumi-language-")


class ProviderProcess:
    """Watch the engine of this provider process, and end the process after it, once no resource is being created."""

    def __init__(self) -> None:
        self._engine = os.getppid()
        self._idle = threading.Condition()
        self._in_creation = 0
        threading.Thread(target=self._watch, name="engine", daemon=True).start()

    @contextmanager
    def creating(self) -> Iterator[None]:
        """Keep the process alive until the block ends, so that it can clean up after itself."""
        with self._idle:
            self._in_creation += 1
        try:
            yield
        finally:
            with self._idle:
                self._in_creation -= 1
                self._idle.notify_all()

    def is_awaited_by(self, program: int) -> bool:
        """Return whether the engine and the program with this pid still wait for the resource."""
        return os.getppid() == self._engine and _exists(program)

    def _watch(self) -> None:
        while os.getppid() == self._engine:
            time.sleep(_POLL_SECONDS)
        with self._idle:
            self._idle.wait_for(lambda: not self._in_creation)
            # Not sys.exit: the main thread waits for requests of an engine that is gone.
            os._exit(1)


_process: ProviderProcess | None = None
_creating_instance = threading.Lock()


def provider_process() -> ProviderProcess:
    """Return the one instance of this process; the first call creates it."""
    global _process  # noqa: PLW0603 - a process has one parent
    with _creating_instance:
        if _process is None:
            _process = ProviderProcess()
        return _process


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def orphaned_plugins(project: Path) -> "Sequence[OrphanedResource]":
    """Return the plugin processes of this checkout, of any stack, whose engine has ended.

    They are recognized by a variable that the project's `pulumi` command sets and every process below it inherits. Plugins
    without it, started by another command, are never ended.
    """
    from infra.ownership import OrphanedResource
    from infra.pidfile import end_processes

    return [
        OrphanedResource("plugin", f"{process.name()} {process.pid}", "", partial(end_processes, [process]))
        for process in _orphaned_processes(project.resolve())
    ]


def _orphaned_processes(project: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            parent = process.parent()
            if (
                process.name().startswith(_PLUGINS)
                and _belongs_to(process, project)
                and (parent is None or not parent.name().startswith(_ENGINE))
            ):
                yield process
        except psutil.Error:  # it has ended, or is another user's
            continue


def _belongs_to(process: psutil.Process, project: Path) -> bool:
    """Return whether the process has this checkout's variable and works in its folder, where engines start plugins.

    The variable alone is not enough: a shell that has it may run other projects, too.
    """
    return process.environ().get(CHECKOUT_VARIABLE) == str(project) and Path(process.cwd()) == project
