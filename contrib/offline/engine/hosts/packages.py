"""Prints, as one JSON object, the packages installed beside a program; run with the program's own Python.

`packages`: every distribution (name, version, and whether another one requires it);
`plugins`: the engine's plugins that the installed Pulumi SDKs ask for (name, version, server).
"""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import TypedDict


class Package(TypedDict):
    """An installed distribution; `direct` when no other one requires it."""

    name: str
    version: str
    direct: bool


class Plugin(TypedDict):
    """An engine's plugin; `server` is where it is downloaded from, empty for the default."""

    name: str
    version: str
    server: str


class Inventory(TypedDict):
    """All that is asked about a Python: its path, its version, its packages and their plugins."""

    executable: str
    python: str
    packages: list[Package]
    plugins: list[Plugin]


def canonical(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def required_by(distribution: Distribution) -> set[str]:
    """The names that a distribution needs in any case (extras are left out)."""
    needs = (line for line in distribution.requires or () if "extra ==" not in line)
    return {canonical(re.split(r"[^A-Za-z0-9._-]", need, maxsplit=1)[0]) for need in needs}


def plugin(distribution: Distribution) -> Plugin | None:
    """The plugin that a provider's SDK names in its pulumi-plugin.json; None when it has none."""
    name = canonical(distribution.metadata["Name"])
    if not name.startswith("pulumi-"):
        return None
    described = Path(str(distribution.locate_file(name.replace("-", "_")))) / "pulumi-plugin.json"
    if not described.is_file():
        return None
    content: dict[str, object] = json.loads(described.read_text(encoding="utf-8"))
    if not content.get("resource"):
        return None
    return Plugin(
        name=str(content.get("name") or name.removeprefix("pulumi-")),
        version=str(content.get("version") or distribution.version),
        server=str(content.get("server") or ""),
    )


def inventory() -> Inventory:
    """What is installed for the Python that runs this."""
    installed = list(distributions())
    needed = {name for distribution in installed for name in required_by(distribution)}
    packages = [
        Package(name=d.metadata["Name"], version=d.version, direct=canonical(d.metadata["Name"]) not in needed)
        for d in installed
    ]
    plugins = [found for d in installed if (found := plugin(d)) is not None]
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Inventory(executable=sys.executable, python=version, packages=packages, plugins=plugins)


if __name__ == "__main__":
    json.dump(inventory(), sys.stdout)
