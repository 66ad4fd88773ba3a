"""What the stack's keys are read as: text, as Pulumi hands it over, turned into values; a ValueError has the remedy."""

import json
from typing import Annotated

from pydantic import BeforeValidator

from core.errors import Problem
from core.thresholds import parse_thresholds


def _count(value: object) -> int:
    text = str(value).strip().replace("_", "").replace(",", "")
    if not text.isdecimal() or int(text) < 1:
        raise Problem("is not a whole number above zero", "write one like 4")
    return int(text)


def _natural(value: object) -> int:
    text = str(value).strip()
    if not text.isdecimal():
        raise Problem("is not a whole number of 0 or more", "write 0 for none, or one like 2")
    return int(text)


def _whole(value: object) -> int:
    text = str(value).strip()
    if not text.removeprefix("-").isdecimal():
        raise Problem("is not a whole number", "write one like 42")
    return int(text)


def _flag(value: object) -> bool:
    text = str(value).strip().lower()
    if text not in ("true", "false"):
        raise Problem("is neither true nor false", "write one of the two")
    return text == "true"


def names(value: object) -> tuple[str, ...]:
    """A list, as Pulumi hands it over (JSON text), as YAML has it, or separated by commas."""
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


def one_of(*choices: str) -> BeforeValidator:
    """Refuses what is none of these."""

    def check(value: object) -> object:
        if value not in choices:
            raise Problem("is not a valid choice", f"write one of {', '.join(choices)}")
        return value

    return BeforeValidator(check)


def _run_id(value: object) -> str:
    text = str(value)
    if not text or len(text) > 40 or not all(part.isalnum() for part in text.split("-")) or text != text.lower():
        raise Problem("is not a valid run id", "write lower-case letters, digits and single dashes, 40 at most")
    return text


def _texts(value: object) -> tuple[str, ...]:
    """A list of thresholds, each checked here, so that a mistake costs no run."""
    try:
        texts = json.loads(value) if isinstance(value, str) and value.strip().startswith("[") else value
    except ValueError:
        texts = None
    texts = [texts] if isinstance(texts, str) else texts
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise Problem("is not a list", 'write one like ["rows_per_second >= 50000"]')
    parse_thresholds(texts)
    return tuple(texts)


Count = Annotated[int, BeforeValidator(_count)]
"""From 1."""
Natural = Annotated[int, BeforeValidator(_natural)]
Whole = Annotated[int, BeforeValidator(_whole)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Names = Annotated[tuple[str, ...], BeforeValidator(names)]
RunId = Annotated[str, BeforeValidator(_run_id)]
Thresholds = Annotated[tuple[str, ...], BeforeValidator(_texts)]
