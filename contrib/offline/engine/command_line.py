"""Which platform a `pulumi` command line is about, read before there is an engine to ask."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from contrib.offline.engine import yaml_file

KEY = "loadtest:platform"


def platform_of(arguments: Sequence[str], project: Path) -> str:
    """The platform that the command asks for.

    From `-c loadtest:platform=VALUE`, else the files of the stack that -s names, else $LOADTEST_PLATFORM, else the
    default in Pulumi.yaml.
    """
    for assignment in values(arguments, "-c", "--config"):
        name, _, value = assignment.partition("=")
        if name == KEY:
            return value
    stack = stack_of(arguments)
    files = stack_files(project, stack) if stack else ()
    configured = next((found for file in files if (found := config(file).get(KEY)) is not None), None)
    if configured is None:
        configured = os.environ.get("LOADTEST_PLATFORM") or config(project / "Pulumi.yaml").get(KEY)
    if isinstance(configured, dict):
        configured = configured.get("default")
    return str(configured or "local")


def stack_of(arguments: Sequence[str]) -> str | None:
    """The stack that the command line names with -s or --stack."""
    return next(values(arguments, "-s", "--stack"), None)


def stack_files(project: Path, stack: str) -> tuple[Path, Path]:
    """Return the file of a stack that Pulumi writes, and the preset of the same name, which nothing writes."""
    folder = yaml_file.mapping(project / "Pulumi.yaml").get("stackConfigDir") or "."
    return project / str(folder) / f"Pulumi.{stack}.yaml", project / f"Pulumi.{stack}.yaml"


def values(arguments: Sequence[str], short: str, long: str) -> Iterator[str]:
    """The values of an option in each of its spellings: `-s V`, `-sV`, `--stack V`, `--stack=V`."""
    for place, argument in enumerate(arguments):
        if argument in (short, long):
            yield from arguments[place + 1 : place + 2]
        elif argument.startswith(f"{long}="):
            yield argument.removeprefix(f"{long}=")
        elif argument.startswith(short) and not argument.startswith("--"):
            yield argument.removeprefix(short)


def config(file: Path) -> dict[str, Any]:
    """The `config:` block of a stack or project file; empty when there is none."""
    block = yaml_file.mapping(file).get("config")
    return block if isinstance(block, dict) else {}
