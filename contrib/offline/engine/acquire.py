"""Where an engine comes from: PATH, then the SDK's installer, then a build from Go modules."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from contrib.offline.engine import cli, installer, providers
from contrib.offline.engine.parts import CACHE


@dataclass(frozen=True)
class Engine:
    """A folder that holds `pulumi`, and whether we built it: then it downloads no plugin by itself."""

    folder: Path
    built: bool


def acquire(platform: str) -> Engine:
    """An engine that can run stacks on `platform`.

    Raises MissingToolError when it must be built and Go is not there, ToolError when a build fails.
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
    """The folder of the user's own `pulumi`; one that we built may be on PATH too, and still lacks its providers."""
    found = shutil.which("pulumi")
    if found is None or Path(found).is_relative_to(CACHE.root):
        return None
    return Path(found).parent
