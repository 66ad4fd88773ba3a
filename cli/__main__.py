"""`loadtest COMMAND`, also `python -m cli COMMAND`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cli.commands import COMMANDS
from core.errors import ExitCode, exit_code_of
from core.setup_hint import run_with_hint

_EXIT_CODES = """\
exit codes:
  0   success
  1   a worker failed or its result is missing
  2   an argument, a setting or a file is not valid; nothing was done
  3   verification found a difference
  99  a threshold failed
  130 Ctrl-C ended the command
  `up` and `destroy` return Pulumi's own exit code where Pulumi fails for another reason. `make` ends with 2 on each of them."""


def usage() -> str:
    """Return the text that `--help` prints."""
    lines = [f"  {name:9} {command.help}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            "usage: loadtest COMMAND [-s STACK] [OPTIONS]",
            "",
            "commands:",
            *lines,
            "",
            "The stack is `small` by default. `loadtest COMMAND --help` lists the options of a command.",
            "Paths in arguments are relative to the project's folder.",
            "",
            _EXIT_CODES,
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] in (["-h"], ["--help"], ["help"]):
        sys.stdout.write(f"{usage()}\n")
        return ExitCode.OK
    if not given or given[0] not in COMMANDS:
        problem = f"{given[0]!r} is not a valid command" if given else "is missing"
        sys.stderr.write(f"error: COMMAND: {problem}; use one of {', '.join(COMMANDS)}\n")
        return ExitCode.BAD_INPUT
    try:
        return run_with_hint(lambda: _run(given[0], given[1:]))
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED


def _run(name: str, arguments: Sequence[str]) -> int:
    return exit_code_of(lambda: COMMANDS[name].run(arguments), lambda line: sys.stderr.write(f"{line}\n"))


if __name__ == "__main__":
    sys.exit(main())
