"""`python -m aggregate`: the report of a run, and the commands beside it.

Exit codes: 0 all well, 1 a worker failed or is missing, 2 bad input, 3 verification found a difference, 99 a threshold
failed.
"""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence

from core.errors import exit_code_of

COMMANDS = ("report", "watch", "compare", "history", "schema")
"""Each is a module of `aggregate.commands`; the first is what runs when none is named."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` names; an error of the user's is one line on standard error."""
    given = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    if not given or given[0] not in (*COMMANDS, "-h", "--help"):
        given.insert(0, COMMANDS[0])
    arguments = _parser(given[0]).parse_args(given)
    command = importlib.import_module(f"aggregate.commands.{arguments.command}")
    try:
        return exit_code_of(lambda: command.run(arguments), lambda line: print(line, file=sys.stderr))
    except BrokenPipeError:
        # The reader, `head` say, has what it wanted; without this Python complains again at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser(wanted: str) -> argparse.ArgumentParser:
    """Only the wanted command's module is imported, so that a table does not wait for the page's libraries."""
    parser = argparse.ArgumentParser(prog="python -m aggregate", description=__doc__)
    parsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS if wanted not in COMMANDS else (wanted,):
        module = importlib.import_module(f"aggregate.commands.{name}")
        module.add_arguments(parsers.add_parser(name, help=module.HELP, description=module.HELP))
    return parser


if __name__ == "__main__":
    sys.exit(main())
