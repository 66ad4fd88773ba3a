"""Print the installed packages of a program as one JSON object. It runs with the program's own Python.

`packages`: every distribution (name, version, and whether another one requires it);
`plugins`: the plugins that the installed Pulumi SDKs require (name, version, server).
"""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import TypedDict


class Package(TypedDict):
    """An installed distribution. It is `direct` if no other one requires it."""

    name: str
    version: str
    direct: bool


class Plugin(TypedDict):
    """A plugin of the engine. `server` is the address for downloads, empty for the default."""

    name: str
    version: str
    server: str


class Inventory(TypedDict):
    """A Python: its path, version, packages and their plugins."""

    executable: str
    python: str
    packages: list[Package]
    plugins: list[Plugin]


def canonical(name: str) -> str:
    """Return a distribution's name, normalised as in PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def required_by(distribution: Distribution) -> set[str]:
    """Return the names of a distribution's requirements without extras."""
    needs = (line for line in distribution.requires or () if "extra ==" not in line)
    return {canonical(re.split(r"[^A-Za-z0-9._-]", need, maxsplit=1)[0]) for need in needs}


def plugin(distribution: Distribution) -> Plugin | None:
    """Return the plugin in the pulumi-plugin.json of a provider's SDK; None for other distributions."""
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
    """Return the packages and plugins of the running Python."""
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
