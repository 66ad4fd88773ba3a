"""The configuration of tests: the project's defaults, the sizes of the small preset, and a test's own values."""

from pathlib import Path
from typing import Any

import yaml

from core.settings_key import NAMESPACE
from infra.settings.model import Settings

ROOT = Path(__file__).resolve().parents[2]
SMALL: dict[str, Any] = {
    "workers": "2",
    "cpuLimit": "0.5",
    "memoryLimit": "512Mi",
    "tmpfsSize": "256Mi",
    "rowCount": "10000",
    "batchSize": "500",
}


def values(**given: Any) -> dict[str, Any]:
    """Return the keys without their namespace."""
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    defaults = {
        key.removeprefix(f"{NAMESPACE}:"): entry["default"] for key, entry in declared.items() if "default" in entry
    }
    return {**defaults, **SMALL, **given}


def settings(**given: Any) -> Settings:
    """Return the settings of a stack."""
    return Settings.of(values(**given))
