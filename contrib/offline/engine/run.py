"""`python -m contrib.offline.engine.run ARGUMENTS`: find, download or build an engine and run its `pulumi`.

`./loadtest` names this command in LOADTEST_PULUMI where no `pulumi` is on PATH.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from contrib.offline.engine.acquire import acquire
from contrib.offline.engine.progress import say
from contrib.offline.engine.providers import PROVIDERS
from contrib.offline.engine.target_platform import platform_of
from contrib.offline.parts.errors import INTERRUPTED, ToolError
from core.errors import LoadtestError

PROJECT = Path(__file__).resolve().parents[3]


def variables(arguments: Sequence[str]) -> dict[str, str]:
    """Return the environment variables for the command; build or download the engine if necessary."""
    platform = platform_of(arguments, PROJECT)
    # The program refuses an unknown platform with a remedy, and needs no provider for that.
    engine = acquire(platform if platform in PROVIDERS else "local")
    chosen = {"PATH": f"{engine.folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    if engine.built:
        # The plugins that the platform needs are installed. The SDKs name others as well, and a machine that could not
        # download the CLI can often not download those either.
        chosen["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    return chosen


def main() -> int:
    """Replace this process by pulumi; return an exit code only if no engine can be provided."""
    arguments = sys.argv[1:]
    try:
        environment = {**os.environ, **variables(arguments)}
    except ToolError as error:
        say(str(error))
        return error.exit_code
    except LoadtestError as error:
        say(str(error))
        return int(error.exit_code)
    except KeyboardInterrupt:
        return INTERRUPTED
    return os.execvpe("pulumi", ["pulumi", *arguments], environment)  # noqa: S606 - it is meant to replace this process


if __name__ == "__main__":
    sys.exit(main())
