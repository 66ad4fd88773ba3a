"""The types of the settings that only Kubernetes knows: names of its objects, node labels, taints to tolerate."""

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from core.errors import Problem
from infra.settings.types import names

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_LABEL_KEY = re.compile(r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


class Toleration(BaseModel):
    """A taint that the pods of the run may stand on; without a value, whatever value it has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    value: str | None = None
    effect: str | None = None

    def manifest(self) -> dict[str, str]:
        """As a pod's specification has it."""
        operator = {"operator": "Exists"} if self.value is None else {"operator": "Equal", "value": self.value}
        return {"key": self.key, **operator, **({"effect": self.effect} if self.effect else {})}


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
    for pair in names(value):
        key, equals, text = pair.partition("=")
        if not equals or not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(text):
            raise Problem(f"has {pair!r}, which is not a node label", f"{remedy}")
        if key in selector:
            raise Problem(f"names {key!r} twice", f"{remedy}")
        selector[key] = text
    return selector


def _tolerations(value: object) -> tuple[Toleration, ...]:
    if isinstance(value, tuple) and all(isinstance(item, Toleration) for item in value):
        return value
    return tuple(_toleration(text) for text in names(value))


def _toleration(text: str) -> Toleration:
    """As `kubectl taint` writes a taint: key=value:Effect, with the value or the effect left out for any."""
    taint, colon, effect = text.partition(":")
    key, equals, value = taint.partition("=")
    readable = _LABEL_KEY.fullmatch(key) and _LABEL_VALUE.fullmatch(value)
    if not readable or (colon and effect not in _EFFECTS):
        raise Problem(
            f"has {text!r}, which is not a taint",
            f"write them like dedicated=load:NoSchedule, with one of {', '.join(_EFFECTS)}",
        )
    return Toleration(key=key, value=value if equals else None, effect=effect or None)


Name = Annotated[str, BeforeValidator(_name)]
"""The name of a namespace."""
ObjectName = Annotated[str, BeforeValidator(_object_name)]
"""The name of any other object."""
Selector = Annotated[dict[str, str], BeforeValidator(_selector)]
"""Labels that a node must have, by key; read from text like `disk=ssd,zone=a`."""
Tolerations = Annotated[tuple[Toleration, ...], BeforeValidator(_tolerations)]
"""Read from text like `dedicated=load:NoSchedule`."""
