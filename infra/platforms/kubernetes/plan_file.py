"""The plan as a ConfigMap: as text while it fits, compressed where it does not, refused where that is too long too."""

import base64
import gzip
from pathlib import PurePosixPath
from typing import Any

from core.errors import SettingsError
from core.plan import LoadPlan
from core.units import KIB, MIB, format_size
from infra.platforms.base import PLAN_FILE
from infra.settings.model import NAMESPACE

LIMIT = MIB
"""Bytes of all data of a ConfigMap, by the API server's own validation."""
_TEXT_LIMIT = 512 * KIB
"""What is read by people is no longer than this; and Pulumi's state holds the object twice."""


def contents(plan: LoadPlan) -> dict[str, Any]:
    """The ConfigMap's `data` or `binaryData`; raises SettingsError for a plan that fits neither."""
    name = PurePosixPath(PLAN_FILE).name
    text = plan.model_dump_json()
    if len(text.encode()) <= _TEXT_LIMIT:
        return {"data": {name: text}}
    # The time would make every run's file another one, and every `up` a change.
    compressed = gzip.compress(text.encode(), mtime=0)
    if len(compressed) > LIMIT:
        raise SettingsError(
            f"{NAMESPACE}:workers: the plan of {len(plan.workers):,} workers is {format_size(len(compressed))} "
            f"compressed, and a ConfigMap holds {format_size(LIMIT)}; lower {NAMESPACE}:workers, or name fewer "
            f"tables in {NAMESPACE}:tables"
        )
    return {"binary_data": {name: base64.b64encode(compressed).decode()}}
