"""Options of a command line that several programs read: the stack, and what `-c` sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def stack_of(arguments: Sequence[str]) -> str | None:
    """Return the stack that the arguments name with -s or --stack."""
    return next(option_values(arguments, "-s", "--stack"), None)


def option_values(arguments: Sequence[str], short: str, long: str) -> Iterator[str]:
    """Yield the values of an option in each of its spellings: `-s V`, `-sV`, `--stack V`, `--stack=V`."""
    for position, argument in enumerate(arguments):
        if argument in (short, long):
            yield from arguments[position + 1 : position + 2]
        elif argument.startswith(f"{long}="):
            yield argument.removeprefix(f"{long}=")
        elif argument.startswith(short) and not argument.startswith("--"):
            yield argument.removeprefix(short)


def with_long_stack(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with `--stack` in place of `-s`, for parsers that have the long option only."""
    return [
        f"--stack{'=' * (len(each) > len('-s'))}{each.removeprefix('-s')}"
        if each.startswith("-s") and not each.startswith("--")
        else each
        for each in arguments
    ]
