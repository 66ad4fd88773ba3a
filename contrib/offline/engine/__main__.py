"""`python -m contrib.offline.engine [--platform local|docker|kubernetes]`: print the folder with a usable `pulumi`."""

from __future__ import annotations

import argparse
import sys

from contrib.offline.engine.acquire import acquire
from contrib.offline.engine.progress import say
from contrib.offline.engine.providers import PROVIDERS
from contrib.offline.parts.errors import INTERRUPTED, ToolError


def main() -> int:
    """Print the folder and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m contrib.offline.engine", description=__doc__)
    parser.add_argument(
        "--platform",
        choices=PROVIDERS,
        default="local",
        help="the platform whose provider is installed (default: %(default)s)",
    )
    try:
        print(acquire(parser.parse_args().platform).folder)
    except ToolError as error:
        say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
