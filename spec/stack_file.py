"""A stack's configuration as the files beside the program have it: the project's defaults, then what the stack says."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from spec.errors import SettingsError

_PREFIX, _SUFFIX = "Pulumi.", ".yaml"


def stacks_of(project: Path) -> list[str]:
    """The names of the stacks that have a file, sorted."""
    files = project.glob(f"{_PREFIX}*{_SUFFIX}")
    return sorted(file.name.removeprefix(_PREFIX).removesuffix(_SUFFIX) for file in files)


def stack_configuration(project: Path, stack: str) -> Mapping[str, Any]:
    """Every key with its namespace; a secret, which only the engine can read, is a mapping with the key `secure`.

    Raises SettingsError for a stack without a file and for a file that is no configuration.
    """
    values = {key: entry["default"] for key, entry in _mapping(project / "Pulumi.yaml").items() if "default" in entry}
    path = project / f"{_PREFIX}{stack}{_SUFFIX}"
    if not path.is_file():
        known = ", ".join(stacks_of(project))
        raise SettingsError(f"stack: {stack!r} has no file {path.name}; write one of {known}, or make the file")
    return {**values, **_mapping(path)}


def is_secret(value: object) -> bool:
    """Whether a value of a stack file is one that only the engine can read."""
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
