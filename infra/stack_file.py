"""A stack's configuration without an engine: the project's defaults, and over them what the stack file says."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from infra.settings import NAMESPACE
from spec.errors import SettingsError


def stack_values(project: Path, stack: str) -> Mapping[str, Any]:
    """The keys of a stack without their namespace; secrets, which only the engine can read, are left out."""
    values = {key: entry["default"] for key, entry in _mapping(project / "Pulumi.yaml").items() if "default" in entry}
    path = project / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.name.split(".")[1] for file in project.glob("Pulumi.*.yaml")))
        raise SettingsError(f"stack: {stack!r} has no file {path.name}; write one of {known}, or make the file")
    values.update(_mapping(path))
    return {
        key.removeprefix(f"{NAMESPACE}:"): value
        for key, value in values.items()
        if key.startswith(f"{NAMESPACE}:") and not _is_secret(value)
    }


def _is_secret(value: object) -> bool:
    return isinstance(value, dict) and "secure" in value


def _mapping(path: Path) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise SettingsError(f"{path.name}: is no YAML ({' '.join(str(error).split())})") from None
    config = document.get("config") or {}
    if not isinstance(config, dict):
        raise SettingsError(f"{path.name}: config: is no mapping; write one key: value a line below it")
    return config
