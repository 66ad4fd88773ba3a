"""Run a project's program for a running engine. The language host starts this file with the project's own Python.

It reads one JSON object, `Run` below, from standard input, because the configuration may contain secrets and other users
can read arguments and environment variables. It needs only the Pulumi SDK.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import runpy
import signal
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

SHOWN = 32
"""Exit code of a program whose error was already printed."""

INTERRUPTED = 130


@dataclass(frozen=True)
class Run:
    """A request of the engine: the program, and the deployment for its resources."""

    program: str
    root_directory: str
    working_directory: str
    args: list[str]
    project: str
    stack: str
    organization: str
    monitor: str
    engine: str
    parallel: int
    dry_run: bool
    config: dict[str, str]
    secret_keys: list[str]


def run(request: Run) -> int:
    """Run the program to its end and return this process's exit code."""
    import grpc  # type: ignore[import-untyped]
    import pulumi
    import pulumi.runtime

    pulumi.runtime.set_all_config(request.config, request.secret_keys)
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project=request.project,
            stack=request.stack,
            organization=request.organization,
            monitor=request.monitor,
            engine=request.engine,
            parallel=request.parallel,
            dry_run=request.dry_run,
            root_directory=request.root_directory,
        )
    )
    os.chdir(request.working_directory)
    program = Path(request.program)
    directory = program if program.is_dir() else program.parent
    sys.path[0] = str(directory)
    sys.argv = [request.program, *request.args]
    # After a failed deployment asyncio would print every future that was not awaited.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)

    loop = asyncio.new_event_loop()
    # Every registration uses a thread while it waits for the engine.
    loop.set_default_executor(ThreadPoolExecutor(max_workers=max(request.parallel, 1) * 4))
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: execute(request.program)))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return SHOWN
    except grpc.RpcError as error:
        # The engine is ending and reports the reason itself.
        if isinstance(error, grpc.Call) and error.code() == grpc.StatusCode.UNAVAILABLE:
            return SHOWN
        pulumi.log.error(unhandled(error, directory))
        return SHOWN
    except Exception as error:  # noqa: BLE001 (the program may raise anything, and every error is printed)
        pulumi.log.error(unhandled(error, directory))
        return SHOWN
    finally:
        close(loop)
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def execute(program: str) -> None:
    """Run the user's file, or the folder's __main__.py, as the main module."""
    try:
        runpy.run_path(program, run_name="__main__")
    except KeyboardInterrupt:
        # With this exception the SDK would wait for an engine that no longer responds.
        leave(INTERRUPTED)


def close(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel unfinished tasks, so that closing the loop prints no warning."""
    if pending := asyncio.all_tasks(loop):
        for task in pending:
            task.cancel()
        loop.run_until_complete(asyncio.wait(pending))
    loop.close()


def unhandled(error: BaseException, directory: Path) -> str:
    """Return the message for an unhandled exception: the traceback without frames above the program."""
    frames = error.__traceback__
    while frames is not None and not belongs(frames.tb_frame.f_code.co_filename, directory):
        frames = frames.tb_next
    shown = traceback.format_exception(type(error), error, frames or error.__traceback__)
    return "Program failed with an unhandled exception:\n" + "".join(shown)


def belongs(filename: str, directory: Path) -> bool:
    """Return whether a file is in the program's folder and not in an installed package."""
    if filename.startswith("<"):  # a frozen module
        return False
    path = Path(filename).resolve()
    return path.is_relative_to(directory.resolve()) and "site-packages" not in path.parts


def interrupt(_signum: int, _frame: object) -> NoReturn:
    """Raise an exception on a signal, so that the program's own cleanup runs."""
    raise KeyboardInterrupt


def leave(code: int) -> NoReturn:
    """End the process without waiting for its threads, which may wait for an engine that has ended."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main() -> NoReturn:
    """Run the program that standard input describes, and exit with its code."""
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)
    try:
        code = run(Run(**json.load(sys.stdin)))
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("pulumi", "grpc"):
            raise
        print(
            f"the Pulumi SDK is not installed for {sys.executable}: install it with `pulumi install`, "
            "or name the virtual environment that has it as runtime.options.virtualenv in Pulumi.yaml",
            file=sys.stderr,
        )
        sys.exit(SHOWN)
    except KeyboardInterrupt:
        leave(INTERRUPTED)
    sys.exit(code)


if __name__ == "__main__":
    main()
