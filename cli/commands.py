"""The commands of `loadtest`: each takes its arguments and returns the exit code. Each imports what it needs when it runs."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from cli.command_line import stack_of, with_long_stack
from core.errors import ExitCode
from core.process import DEFAULT_STACK, loadtest_command
from core.settings_key import setting_key

_FLEETS = "**loadtest:Fleet::**"
"""The URN of the fleet in any stack: to replace it is to run its workers again."""
_ADVICE = "If you want to remove the stack completely"
"""The last line of `pulumi destroy`: it names a command that also removes the stack's settings."""
_AGAIN = " --again runs the workers again although nothing has changed."


class Command(NamedTuple):
    """One command: what runs it, and the line that describes it."""

    run: Callable[[Sequence[str]], int]
    help: str


def plan(arguments: Sequence[str]) -> int:
    """Print what a stack would do."""
    from infra.cli.plan import main

    return main(with_long_stack(arguments))


def up(arguments: Sequence[str]) -> int:
    """Run a stack, then print its report, also if the run failed or was interrupted."""
    from cli import outcome, pulumi

    again = "--again" in arguments
    given = [argument for argument in arguments if argument != "--again"]
    stack, others = _stack_and_others("up", "Run a stack and print its report.", given, _AGAIN)
    options = ["--yes", "--skip-preview", "--suppress-outputs", *(["--replace", _FLEETS] if again else [])]
    begun = datetime.now(UTC)
    code = pulumi.run(["up", f"--stack={stack}", *options, *others])
    if code and (failed := outcome.of_failure(pulumi.PROJECT, stack, begun, code)) is not None:
        return failed
    reported = report([f"--stack={stack}"])
    if not code and outcome.is_older(stack, begun):
        command = loadtest_command("up --again", stack)
        sys.stderr.write(f"\nnothing has changed since this run, so it was not repeated; `{command}` repeats it\n")
    return code if code == ExitCode.INTERRUPTED else reported or code


def destroy(arguments: Sequence[str]) -> int:
    """Remove everything that a stack has created, and name what is kept."""
    from cli import pulumi
    from infra.cli.kept import kept

    stack, others = _stack_and_others("destroy", "Remove everything that a stack has created.", arguments)
    colour = ["--color=always"] if sys.stdout.isatty() and "NO_COLOR" not in os.environ else []
    command = ["destroy", f"--stack={stack}", "--yes", "--skip-preview", *colour, *others]
    code = pulumi.run(command, hidden=_ADVICE)
    for line in () if code else kept(pulumi.PROJECT, stack):
        sys.stdout.write(f"kept: {line}\n")
    return code


def report(arguments: Sequence[str]) -> int:
    """Print the report of a stack's last run, or of a folder with results."""
    others = {"-", "-h", "--help"} & {*arguments} or any(each.startswith("--results-dir") for each in arguments)
    return _aggregate("report", arguments if others else _with_stack(arguments))


def watch(arguments: Sequence[str]) -> int:
    """Follow a run while it is in progress."""
    others = {"-h", "--help"} & {*arguments} or any(each.startswith("--results-dir") for each in arguments)
    return _aggregate("watch", arguments if others else _with_stack(arguments))


def compare(arguments: Sequence[str]) -> int:
    """Compare two runs."""
    return _aggregate("compare", arguments)


def history(arguments: Sequence[str]) -> int:
    """List the saved runs."""
    return _aggregate("history", arguments)


def cleanup(arguments: Sequence[str]) -> int:
    """List or remove orphaned resources."""
    from cli import pulumi
    from infra.cli.cleanup import main

    os.environ.update(pulumi.variables())
    return main(with_long_stack(arguments))


def schema(arguments: Sequence[str]) -> int:
    """Show or validate a schema file."""
    parser = ArgumentParser(prog="loadtest schema", description="Show or validate a schema file.")
    parser.add_argument("action", choices=("show", "validate"), help="show the tables, or only validate the file")
    parser.add_argument("arguments", nargs="...", metavar="FILE", help="the schema file, and options of `show`")
    chosen = parser.parse_args(arguments)
    if chosen.action == "show":
        from worker.cli import main

        return main(["schema", *chosen.arguments])
    return _validate(chosen.arguments)


def pulumi(arguments: Sequence[str]) -> int:
    """Run `pulumi` with the project's backend in place of this process; with `--env`, print shell code for plain `pulumi`."""
    from cli import pulumi as program

    if list(arguments[:1]) == ["--env"]:
        sys.stdout.write(f"{program.shell_exports()}\n")
        return 0
    program.replace_process(arguments)
    return 0


COMMANDS: Mapping[str, Command] = {
    "plan": Command(plan, "print what a stack would do, without Pulumi or Docker"),
    "up": Command(up, "run a stack and print its report"),
    "report": Command(report, "print the report of a stack's last run, as a table, Markdown, JSON or a page"),
    "watch": Command(watch, "follow a run while it is in progress"),
    "compare": Command(compare, "compare two runs"),
    "history": Command(history, "list the saved runs"),
    "destroy": Command(destroy, "remove everything that a stack created"),
    "cleanup": Command(cleanup, "list the resources that an interrupted run left behind; --yes removes them"),
    "schema": Command(schema, "show or validate a schema file"),
    "pulumi": Command(pulumi, "run any pulumi command with the project's backend and stacks"),
}


def _stack_and_others(
    command: str, description: str, arguments: Sequence[str], option: str = ""
) -> tuple[str, list[str]]:
    parser = ArgumentParser(
        prog=f"loadtest {command}",
        description=description,
        epilog=f"Other options are passed to `pulumi {command}`, for example -c {setting_key('workers')}=4.{option}",
        allow_abbrev=False,
    )
    parser.add_argument("-s", "--stack", default=DEFAULT_STACK, help="the stack (default: %(default)s)")
    known, others = parser.parse_known_args(arguments)
    return known.stack, others


def _with_stack(arguments: Sequence[str]) -> list[str]:
    named = stack_of(arguments) is not None
    return [*arguments] if named else [f"--stack={DEFAULT_STACK}", *arguments]


def _aggregate(command: str, arguments: Sequence[str]) -> int:
    """Run a command of `aggregate`, whose own calls of Pulumi read the environment."""
    from aggregate.__main__ import main
    from cli import pulumi as program

    os.environ.update(program.variables())
    return main([command, *with_long_stack(arguments)])


def _validate(arguments: Sequence[str]) -> int:
    from core.schema.file import load_schema

    parser = ArgumentParser(prog="loadtest schema validate", description="Validate a schema file.")
    parser.add_argument("schema", type=Path, metavar="FILE")
    file = parser.parse_args(arguments).schema
    tables = load_schema(file).tables
    sys.stdout.write(f"{file}: valid; tables: {', '.join(table.name for table in tables)}\n")
    return 0
