"""Options of a command line that is passed to another program."""

import pytest

from cli.command_line import option_values, stack_of, with_long_stack


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["up", "-s", "small"], "small"),
        (["up", "-ssmall"], "small"),
        (["up", "--stack", "small", "--yes"], "small"),
        (["up", "--stack=small"], "small"),
        (["up", "--yes"], None),
        (["up", "--skip-preview"], None),
        (["up", "-s"], None),
    ],
)
def test_stack_is_read_in_every_spelling(arguments, expected):
    assert stack_of(arguments) == expected


def test_option_values_yields_every_value():
    arguments = ["up", "-c", "a=1", "--config=b=2", "-cc=3", "--config", "d=4", "-c"]
    assert list(option_values(arguments, "-c", "--config")) == ["a=1", "b=2", "c=3", "d=4"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-s", "small", "--next"], ["--stack", "small", "--next"]),
        (["-ssmall"], ["--stack=small"]),
        (["--stack", "small", "--skip"], ["--stack", "small", "--skip"]),
    ],
)
def test_short_stack_option_becomes_long(arguments, expected):
    assert with_long_stack(arguments) == expected
