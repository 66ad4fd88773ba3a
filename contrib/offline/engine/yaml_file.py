"""Pulumi.yaml and the stacks' files, read for the few keys that matter before Pulumi itself reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from contrib.offline.engine.errors import EngineError


def mapping(file: Path) -> dict[str, Any]:
    """The file's mapping; empty when there is no such file. Raises EngineError when it is not YAML."""
    if not file.is_file():
        return {}
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise EngineError(f"{file.name} is not valid YAML: {' '.join(str(error).split())}") from error
    return content if isinstance(content, dict) else {}
