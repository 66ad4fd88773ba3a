"""Find an engine on PATH, download it with the SDK's installer, or build it from Go modules."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from contrib.offline.engine import cli, installer, providers
from contrib.offline.engine.parts import CACHE


@dataclass(frozen=True)
class Engine:
    """The folder that contains `pulumi`, and whether it was built here: such an engine does not download plugins."""

    folder: Path
    built: bool


def acquire(platform: str) -> Engine:
    """Return an engine that can run stacks on `platform`.

    Raises MissingToolError if it must be built and Go is missing, ToolError if a build fails.
    """
    published = on_path()
    if published is not None:
        return Engine(published, built=False)
    release = version("pulumi")
    downloaded = installer.installed(release)
    if downloaded is None and (built := cli.cached()) is None:
        downloaded = installer.install(release)
    if downloaded is not None:
        return Engine(downloaded, built=False)
    built = cli.build()
    for provider in providers.PROVIDERS[platform]:
        providers.install(provider, built)
    return Engine(built, built=True)


def on_path() -> Path | None:
    """Return the folder of the user's `pulumi`. One that was built here may be on PATH too, and lacks its providers."""
    found = shutil.which("pulumi")
    if found is None or Path(found).is_relative_to(CACHE.root):
        return None
    return Path(found).parent
