"""The command line of the worker: without a command it loads; `prepare`, `generate` and `schema` are commands."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import NamedTuple

from core.errors import exit_code_of
from core.process import PREPARE_COMMAND


class _Command(NamedTuple):
    module: str
    help: str


_COMMANDS: Mapping[str, _Command] = {
    PREPARE_COMMAND: _Command("worker.commands.prepare", "create the tables of a plan, before its workers start"),
    "generate": _Command("worker.commands.generate", "write any rows of a table to standard output"),
    "schema": _Command("worker.commands.schema", "validate a schema file and show its tables"),
}
_LOAD = _Command("worker.commands.load", "load one worker's share of a plan, or a whole schema")


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; print an input error as one line and return 2."""
    name = arguments[0] if arguments and arguments[0] in _COMMANDS else None
    command = _COMMANDS[name] if name else _LOAD
    module = import_module(command.module)
    others = "".join(f"\n  worker {other:10} {entry.help}" for other, entry in _COMMANDS.items())
    parser = ArgumentParser(
        prog=f"worker {name}" if name else "worker",
        description=command.help + "." + ("" if name else f"\n\nOther commands:{others}"),
    )
    module.add_arguments(parser)
    parsed = parser.parse_args(arguments[1:] if name else arguments)
    run: Callable[[Namespace], int] = module.run
    return exit_code_of(lambda: run(parsed), lambda line: sys.stderr.write(f"{line}\n"))
