"""The command line: the bare command loads; `prepare`, `generate` and `schema` do what they say."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import NamedTuple

from core.errors import exit_code_of


class _Command(NamedTuple):
    module: str
    help: str


_COMMANDS: Mapping[str, _Command] = {
    "prepare": _Command("worker.commands.prepare", "make the tables of a plan, before its workers start"),
    "generate": _Command("worker.commands.generate", "write any rows of a table, to look at or to keep"),
    "schema": _Command("worker.commands.schema", "validate a schema file and show its tables"),
}
_LOAD = _Command("worker.commands.load", "load a share of a plan, or of a schema")


def main(arguments: Sequence[str]) -> int:
    """Run one command; a mistake of the user's ends in one line and exit code 2."""
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
