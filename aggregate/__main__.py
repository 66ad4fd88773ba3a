"""`python -m aggregate`: report a run, watch it, compare runs.

Exit codes: 0 success, 1 a worker failed or is missing, 2 bad input, 3 verification found a difference, 99 a threshold
failed.
"""

import argparse
import io
import os
import sys
from collections.abc import Sequence

from aggregate.registry import COMMANDS, command
from core.errors import exit_code_of
from core.setup_hint import run_with_hint


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code. A user error is printed as one line on standard error."""
    given = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    if not given or given[0] not in (*COMMANDS, "-h", "--help"):
        given.insert(0, COMMANDS[0])
    arguments = _parser(given[0]).parse_args(given)
    run = command(arguments.command).run
    try:
        return exit_code_of(lambda: run(arguments), lambda line: print(line, file=sys.stderr))
    except BrokenPipeError:
        # A reader such as `head` has closed the pipe. Without this, Python prints another error at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser(wanted: str) -> argparse.ArgumentParser:
    """Return a parser that has imported only the wanted command; for help, all commands."""
    parser = argparse.ArgumentParser(prog="loadtest", description=__doc__)
    parsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS if wanted not in COMMANDS else (wanted,):
        module = command(name)
        module.add_arguments(parsers.add_parser(name, help=module.HELP, description=module.HELP))
    return parser


if __name__ == "__main__":
    sys.exit(run_with_hint(main))
