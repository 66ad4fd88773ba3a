"""The types of the settings. Pulumi passes strings; a validator raises Problem."""

import json
import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from core.errors import Problem
from core.thresholds import parse_thresholds

_LONGEST_RUN_ID = 40
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_LABEL_KEY = re.compile(r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def _names(value: object) -> tuple[str, ...]:
    """Return the names in a list, in JSON (which Pulumi passes for lists) or in a string with commas."""
    if isinstance(value, str):
        text = value.strip()
        try:
            value = json.loads(text) if text.startswith("[") else list(filter(None, map(str.strip, text.split(","))))
        except ValueError:
            raise Problem("is not a list of names", "write one like users,orders") from None
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise Problem("is not a list of names", "write one like users,orders")
    if repeated := {str(name) for name in value if value.count(name) > 1}:
        raise Problem(f"names {', '.join(sorted(repeated))} twice", "write each once")
    return tuple(value)


def _run_id(value: object) -> str:
    text = str(value)
    readable = text and text == text.lower() and all(part.isalnum() for part in text.split("-"))
    if not readable or len(text) > _LONGEST_RUN_ID:
        remedy = f"write lower-case letters, digits and single dashes, {_LONGEST_RUN_ID} at most"
        raise Problem("is not a valid run id", remedy)
    return text


def _thresholds(value: object) -> tuple[str, ...]:
    """Return a list of thresholds, each checked before the run."""
    try:
        texts = json.loads(value) if isinstance(value, str) and value.strip().startswith("[") else value
    except ValueError:
        texts = None
    texts = [texts] if isinstance(texts, str) else texts
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise Problem("is not a list", 'write one like ["rows_per_second >= 50000"]')
    parse_thresholds(texts)
    return tuple(texts)


def _name(value: object) -> str:
    if not _NAME.fullmatch(str(value)):
        raise Problem("is not a valid Kubernetes name", "write lower-case letters, digits and dashes, 63 at most")
    return str(value)


def _object_name(value: object) -> str:
    if not _SUBDOMAIN.fullmatch(str(value)):
        raise Problem(
            "is not a valid Kubernetes name", "write lower-case letters, digits, dashes and dots, 253 at most"
        )
    return str(value)


def _selector(value: object) -> dict[str, str]:
    remedy = "write labels like disk=ssd,zone=a"
    selector: dict[str, str] = {}
    for pair in _names(value):
        key, equals, text = pair.partition("=")
        if not equals or not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(text):
            raise Problem(f"has {pair!r}, which is not a node label", remedy)
        if key in selector:
            raise Problem(f"names {key!r} twice", remedy)
        selector[key] = text
    return selector


class Toleration(BaseModel):
    """A taint of nodes that the pods tolerate; without a value, any value."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    value: str | None = None
    effect: str | None = None

    def manifest(self) -> dict[str, str]:
        """Return the toleration of a pod's specification."""
        operator = {"operator": "Exists"} if self.value is None else {"operator": "Equal", "value": self.value}
        return {"key": self.key, **operator, **({"effect": self.effect} if self.effect else {})}


def _tolerations(value: object) -> tuple[Toleration, ...]:
    if isinstance(value, tuple) and all(isinstance(item, Toleration) for item in value):
        return value
    return tuple(_toleration(text) for text in _names(value))


def _toleration(text: str) -> Toleration:
    """Parse a taint of `kubectl taint`: key=value:Effect, where value and effect are optional."""
    taint, colon, effect = text.partition(":")
    key, equals, value = taint.partition("=")
    readable = _LABEL_KEY.fullmatch(key) and _LABEL_VALUE.fullmatch(value)
    if not readable or (colon and effect not in _EFFECTS):
        raise Problem(
            f"has {text!r}, which is not a taint",
            f"write them like dedicated=load:NoSchedule, with one of {', '.join(_EFFECTS)}",
        )
    return Toleration(key=key, value=value if equals else None, effect=effect or None)


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
RunId = Annotated[str, BeforeValidator(_run_id)]
Thresholds = Annotated[tuple[str, ...], BeforeValidator(_thresholds)]
Name = Annotated[str, BeforeValidator(_name)]
"""The name of a namespace."""
ObjectName = Annotated[str, BeforeValidator(_object_name)]
"""The name of another object of Kubernetes."""
Selector = Annotated[dict[str, str], BeforeValidator(_selector)]
"""Node labels from text like `disk=ssd,zone=a`."""
Tolerations = Annotated[tuple[Toleration, ...], BeforeValidator(_tolerations)]
"""Taints from text like `dedicated=load:NoSchedule`."""
