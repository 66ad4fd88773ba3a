"""The Pulumi engine of the tests: the `pulumi` on PATH or the one of LOADTEST_PULUMI, else one from contrib/offline.

Everything that the tests need from `contrib.offline.engine` is imported here.
"""

import os
import shlex
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

from core.process import PULUMI_VARIABLE

_OFFLINE = Path(__file__).resolve().parents[1] / "contrib" / "offline"
_RUN = (sys.executable, "-m", "contrib.offline.engine.run")


def command() -> str:
    """Return the value of LOADTEST_PULUMI for the commands that a test starts."""
    given = os.environ.get(PULUMI_VARIABLE)
    return given or ("pulumi" if _on_path() or not _OFFLINE.is_dir() else shlex.join(_RUN))


def folder() -> Path:
    """Return the folder that holds the program `pulumi`."""
    found = _on_path()
    if found is not None:
        return Path(found).parent
    from contrib.offline.engine.acquire import acquire

    return acquire("local").folder


def on_path() -> dict[str, str]:
    """Return the environment variables of a machine that has `pulumi` on PATH, and no LOADTEST_PULUMI."""
    path = f"{folder()}{os.pathsep}{os.environ['PATH']}"
    # An engine that was built here has the plugins it needs. The SDKs name others, which it would try to download.
    offline = {} if _on_path() else {"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true"}
    return {"PATH": path, PULUMI_VARIABLE: "", **offline}


def missing(platform: str = "local") -> str | None:
    """Return what a stack of this platform lacks: an engine or a provider; None if nothing."""
    if _on_path():
        return None  # a published CLI downloads the providers itself
    if not _OFFLINE.is_dir():
        return "no pulumi on PATH"
    from contrib.offline.engine import cli, installer
    from contrib.offline.engine.parts import CACHE
    from contrib.offline.engine.providers import PROVIDERS, is_installed

    if installer.installed(version("pulumi")):
        return None
    if not (CACHE.root / cli.name()).is_dir():
        return "no pulumi on PATH or in the cache"
    names = [provider.name for provider in PROVIDERS[platform] if not is_installed(provider)]
    return f"the Pulumi provider for {', '.join(names)} is not installed" if names else None


def _on_path() -> str | None:
    """Return the user's own program. One from the cache of contrib/offline may lack providers."""
    given = shlex.split(os.environ.get(PULUMI_VARIABLE) or "")
    if len(given) == 1 or not _OFFLINE.is_dir():
        return shutil.which(given[0] if given else "pulumi")
    from contrib.offline.engine.acquire import on_path

    found = on_path()
    return str(found / "pulumi") if found else None
