"""`scripts/pulumi ARGUMENTS`: the real pulumi with an engine, a backend and the stack in place.

`scripts/pulumi --env` prints shell exports instead, after which plain `pulumi` uses the same engine and backend:
`eval "$(scripts/pulumi --env)"`. Options after --env choose the platform as they do for a command.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from contrib.offline.engine import backend, stack
from contrib.offline.engine.acquire import acquire
from contrib.offline.engine.command_line import platform_of, stack_of
from contrib.offline.engine.progress import say
from contrib.offline.engine.providers import PROVIDERS
from contrib.offline.parts.errors import INTERRUPTED, ToolError

PROJECT = Path(__file__).resolve().parents[3]
CHECKOUT = "LOADTEST_CHECKOUT"
"""Names the project for the engine and its plugins: `make sweep` ends those of an engine that was killed, and no others."""
CREATING = ("up", "update", "preview", "pre", "config")
"""Commands that create the stack they name in the backend, if it has a file."""


def settings(arguments: Sequence[str]) -> dict[str, str]:
    """The environment variables for the command; makes the engine that they name."""
    platform = platform_of(arguments, PROJECT)
    if platform not in PROVIDERS:
        # The program refuses it, with the remedy; no provider is needed for that.
        platform = "local"
    engine = acquire(platform)
    path = os.environ.get("PATH", os.defpath)
    chosen = {
        "PATH": f"{engine.folder}{os.pathsep}{path}",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        CHECKOUT: str(PROJECT),
    }
    if engine.built:
        # Beside a built engine stand the plugins that the platform needs. The SDKs name further ones, which can
        # often not be downloaded where the CLI could not.
        chosen["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    return chosen | backend.variables(PROJECT)


def creates_any(arguments: Sequence[str]) -> bool:
    """Whether Pulumi itself may create a stack of any name: `stack init`, `stack select --create`, `new`."""
    return arguments[0] == "new" or arguments[:2] == ["stack", "init"] or "--create" in arguments


def main() -> int:
    """Become pulumi; returns only where there is none to become, or for --env."""
    arguments = sys.argv[1:]
    try:
        chosen = settings(arguments)
        if arguments[:1] == ["--env"]:
            for name, value in chosen.items():
                print(f"export {name}={shlex.quote(value)}")
            return 0
        environment = {**os.environ, **chosen}
        named = stack_of(arguments)
        if named is not None and not creates_any(arguments):
            stack.require(PROJECT, named, environment)
        if named is not None and arguments[0] in CREATING:
            stack.ensure(PROJECT, named, environment)
    except ToolError as error:
        say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    return os.execvpe("pulumi", ["pulumi", *arguments], environment)  # noqa: S606 (this process becomes that one)


if __name__ == "__main__":
    sys.exit(main())
