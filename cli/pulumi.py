"""Run Pulumi for this project: with its backend, and with the stack that the command line names."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cli import backend, stack
from cli.command_line import option_values, stack_of
from core.errors import ExitCode
from core.process import CHECKOUT_VARIABLE, PULUMI_VARIABLE, missing_pulumi, pulumi_command
from core.settings_key import NAMESPACE
from core.stack_file import stacks_of

PROJECT = Path(__file__).resolve().parents[1]
CREATING = ("up", "update", "preview", "pre", "config")
"""Commands that create the stack that they name, if it has a file."""
_CONFIGURED = ("up", "update", "preview", "pre")
"""Commands that take settings with `-c`."""
_PREFIX = f"{NAMESPACE}:"
_SIGNALLED = 128


def variables() -> dict[str, str]:
    """Return the environment variables that every Pulumi command of this project gets."""
    return {"PULUMI_SKIP_UPDATE_CHECK": "1", CHECKOUT_VARIABLE: str(PROJECT), **backend.variables(PROJECT)}


def shell_exports() -> str:
    """Return shell code after which plain `pulumi` does the same as `loadtest pulumi`."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables().items()]
    if command := os.environ.get(PULUMI_VARIABLE):
        lines += [f"export {PULUMI_VARIABLE}={shlex.quote(command)}", f'pulumi() {{ command {command} "$@"; }}']
    return "\n".join(lines)


def replace_process(arguments: Sequence[str]) -> None:
    """Replace this process by Pulumi. Raise InputError for an unknown stack or a missing `pulumi`."""
    command, environment = _command_and_environment(arguments)
    os.chdir(PROJECT)
    os.execvpe(command[0], command, environment)  # noqa: S606 - it is meant to replace this process


def run(arguments: Sequence[str], hidden: str = "") -> int:
    """Run Pulumi and return its exit code, 128 + N if signal N ended it. Raises as `replace_process` does.

    If Pulumi fails after Ctrl-C, the code is that of an interrupted command. Lines that contain `hidden` are not printed,
    unless Pulumi has to ask for a passphrase, which it does only if its output is a terminal.
    """
    command, environment = _command_and_environment(arguments)
    interrupts: list[int] = []
    with _signals_left_to_child(interrupts) as started:
        may_ask = sys.stdout.isatty() and not any(name in environment for name in backend.PASSPHRASE_VARIABLES)
        output = subprocess.PIPE if hidden and not may_ask else None
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=output)
        started.append(process)
        for line in process.stdout or ():
            if hidden.encode() not in line:
                sys.stdout.buffer.write(line)
                sys.stdout.buffer.flush()
        code = process.wait()
    if code and interrupts:
        return ExitCode.INTERRUPTED
    return code if code >= 0 else _SIGNALLED - code


@contextmanager
def _signals_left_to_child(interrupts: list[int]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Let the child decide how to end on a signal, and add each SIGINT to `interrupts`.

    A terminal sends SIGINT to the child as well, so it is not forwarded: a second one would make Pulumi stop without
    recording what it has created. SIGTERM reaches this process alone and is forwarded.
    """
    started: list[subprocess.Popen[bytes]] = []

    def forward(number: int, _frame: Any) -> None:
        for process in started:
            process.send_signal(number)

    former = {
        signal.SIGINT: signal.signal(signal.SIGINT, lambda number, _frame: interrupts.append(number)),
        signal.SIGTERM: signal.signal(signal.SIGTERM, forward),
    }
    try:
        yield started
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _command_and_environment(arguments: Sequence[str]) -> tuple[list[str], Mapping[str, str]]:
    program = pulumi_command()
    if shutil.which(program[0], path=os.environ.get("PATH")) is None and not (PROJECT / program[0]).is_file():
        raise missing_pulumi(program[0])
    environment = {**os.environ, **variables()}
    named = stack_of(arguments)
    if named is not None and not _creates_any(arguments):
        stack.require_known(PROJECT, named, environment)
        _check_overrides(named, arguments)
        if arguments[0] in CREATING:
            stack.create_if_missing(PROJECT, named, environment)
    return [*program, *arguments], environment


def _check_overrides(named: str, arguments: Sequence[str]) -> None:
    """Raise InputError for settings of `-c` that the program would refuse: Pulumi writes them to the stack's file first."""
    overrides = list(option_values(arguments, "-c", "--config"))
    if arguments[0] not in _CONFIGURED or not overrides or "--config-path" in arguments:
        return
    from infra.cli.plan import check_stack

    own = [each for each in overrides if each.startswith(_PREFIX)]
    if own and named in stacks_of(PROJECT):
        check_stack(PROJECT, named, own)


def _creates_any(arguments: Sequence[str]) -> bool:
    """Return whether Pulumi itself may create a stack of any name: `stack init`, `stack select --create`, `new`."""
    return arguments[0] == "new" or list(arguments[:2]) == ["stack", "init"] or "--create" in arguments
