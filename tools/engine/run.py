"""`tools/pulumi ARGUMENTS`: the real pulumi with an engine, a backend and the stack in place.

`tools/pulumi --env` prints shell exports instead, after which plain `pulumi` does the same:
`eval "$(tools/pulumi --env)"`.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from tools.engine import backend
from tools.engine.acquire import acquire
from tools.engine.command_line import platform_of, stack_of
from tools.engine.errors import EngineError
from tools.engine.progress import say
from tools.engine.providers import PROVIDERS

PROJECT = Path(__file__).resolve().parents[2]
CREATING = ("up", "update", "preview", "pre", "config")
"""Commands that make the stack they name; the others report that there is none."""


def settings(arguments: Sequence[str]) -> dict[str, str]:
    """The environment variables for the command; makes the engine that they name."""
    platform = platform_of(arguments, PROJECT)
    if platform not in PROVIDERS:
        # The program refuses it, with the remedy; no provider is needed for that.
        platform = "local"
    engine = acquire(platform)
    chosen = {"PATH": f"{engine.folder}{os.pathsep}{os.environ['PATH']}", "PULUMI_SKIP_UPDATE_CHECK": "1"}
    if engine.built:
        # Beside a built engine stand the plugins that the platform needs. The SDKs name further ones, which can
        # often not be downloaded where the CLI could not.
        chosen["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    return chosen | backend.variables(PROJECT)


def make_stack(arguments: Sequence[str], environment: dict[str, str]) -> None:
    """Create the stack of -s when the command needs it and the project's own backend lacks it.

    Elsewhere, `pulumi stack select --create` decides.
    """
    stack = stack_of(arguments)
    if stack is None or not any(argument in CREATING for argument in arguments[:1]):
        return
    own = environment.get("PULUMI_BACKEND_URL") == f"file://{PROJECT / '.pulumi'}"
    if own:
        name = yaml.safe_load((PROJECT / "Pulumi.yaml").read_text(encoding="utf-8"))["name"]
        if backend.knows(PROJECT, name, stack):
            return
    how = ["init", "--no-select"] if own else ["select", "--create"]
    result = subprocess.run(["pulumi", "stack", *how, stack], env=environment, stdout=sys.stderr, check=False)
    if result.returncode:
        raise EngineError(f"the stack {stack!r} could not be created: see the lines above")


def main() -> int:
    """Become pulumi; returns only where there is none to become, or for --env."""
    arguments = sys.argv[1:]
    try:
        chosen = settings(arguments)
        if arguments == ["--env"]:
            for name, value in chosen.items():
                print(f"export {name}={shlex.quote(value)}")
            return 0
        environment = {**os.environ, **chosen}
        make_stack(arguments, environment)
    except EngineError as error:
        say(str(error))
        return error.exit_code
    return os.execvpe("pulumi", ["pulumi", *arguments], environment)  # noqa: S606 (this process becomes that one)


if __name__ == "__main__":
    sys.exit(main())
