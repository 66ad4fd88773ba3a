"""The Pulumi SDK's own installer of the published CLI, with a timeout. After a failure, it is not run again for a day."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from contrib.offline.engine.parts import CACHE
from contrib.offline.engine.progress import say
from contrib.offline.parts.cache import require_builds

CONNECT_TIMEOUT = 10
"""Seconds within which the server of the installer's script must respond."""
DOWNLOAD_TIMEOUT = 300
"""Seconds for the whole installation."""
MEMORY = 24 * 3600
"""Seconds after a failure until the next attempt."""

INSTALL = f"""
import socket, sys
from pulumi.automation import PulumiCommand
socket.setdefaulttimeout({CONNECT_TIMEOUT})
PulumiCommand.install(root=sys.argv[1])
"""


def installed(version: str) -> Path | None:
    """Return the folder of a CLI that an earlier run installed."""
    binaries = CACHE.root / f"cli-{version}" / "bin"
    return binaries if (binaries / "pulumi").is_file() else None


def install(version: str) -> Path | None:
    """Install the CLI of the SDK's `version` into the cache. If that fails, print the reason in one line and return None."""
    require_builds(f"the Pulumi CLI {version}")
    failure = CACHE.root / f"cli-{version}.failed"
    if failure.exists() and time.time() - failure.stat().st_mtime < MEMORY:
        say(f"the Pulumi installer failed within the last day and is not tried again ({failure.read_text().strip()})")
        return None
    try:
        with CACHE.lock(f"cli-{version}"):
            reason = attempt(CACHE.root / f"cli-{version}")
    except subprocess.TimeoutExpired:
        reason = f"no answer within {DOWNLOAD_TIMEOUT} s"
    binaries = installed(version)
    if binaries is None:
        failure.write_text(reason)
        say(f"the Pulumi installer failed: {reason}")
    return binaries


def attempt(root: Path) -> str:
    """Run the installer in a process of its own and return the last line of its errors."""
    result = subprocess.run(
        [sys.executable, "-c", INSTALL, str(root)],
        capture_output=True,
        text=True,
        timeout=DOWNLOAD_TIMEOUT,
        check=False,
    )
    lines = result.stderr.strip().splitlines()
    return lines[-1] if lines else f"exit code {result.returncode}"
