"""Parse and format sizes and CPU quantities like `512Mi`, `2g`, `1.5Gi`, `500m` and `0.5`."""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator

from core.errors import Problem

KIB, MIB, GIB, TIB = (1 << shift for shift in (10, 20, 30, 40))

# Docker's one-letter sizes are lower case and binary; Kubernetes' upper-case ones are decimal, its `Mi` binary.
_SIZE_UNITS = {
    "": 1, "b": 1,
    "k": KIB, "m": MIB, "g": GIB, "t": TIB,
    "kb": KIB, "mb": MIB, "gb": GIB, "tb": TIB,
    "Ki": KIB, "Mi": MIB, "Gi": GIB, "Ti": TIB,
    "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
}  # fmt: skip
_SIZE = re.compile(r"^(\d+(?:\.\d+)?) ?([A-Za-z]{0,2})$")
_CPU = re.compile(r"^(\d+(?:\.\d+)?)(m?)$")


def parse_size(text: str | int) -> int:
    """Return a size in bytes; raises Problem for an invalid size or zero."""
    match = _SIZE.match(str(text).strip())
    unit = _SIZE_UNITS.get(match[2]) if match else None
    if match is None or unit is None:
        raise Problem("is not a valid size", "write one like 512Mi, 1.5Gi or 2g")
    size = int(Decimal(match[1]) * unit)
    if size <= 0:
        raise Problem("is not above zero", "write one like 512Mi, 1.5Gi or 2g")
    return size


def parse_cpu(text: str | float) -> float:
    """Return a number of cores; raises Problem for an invalid quantity or less than 0.001."""
    match = _CPU.match(str(text).strip())
    if match is None:
        raise Problem("is not a valid CPU quantity", "write cores like 0.5 or 2, or millicores like 500m")
    cores = Decimal(match[1]) / (1000 if match[2] else 1)
    if cores < Decimal("0.001"):
        raise Problem("is less than a thousandth of a core", "write cores like 0.5 or 2, or millicores like 500m")
    return float(cores)


def format_size(size: float) -> str:
    """Return a size in the largest binary unit that fits: 536870912 is `512Mi`, 1610612736 is `1.5Gi`."""
    for unit, suffix in ((TIB, "Ti"), (GIB, "Gi"), (MIB, "Mi"), (KIB, "Ki")):
        if size >= unit:
            return f"{size / unit:.1f}".removesuffix(".0") + suffix
    return f"{int(size)} B"


def mebibytes(size: float) -> int:
    """Return whole MiB, rounded down, for the result's `environment`."""
    return int(size // MIB)


Size = Annotated[int, BeforeValidator(parse_size)]
"""A size in bytes, from text like `512Mi`."""

Cpu = Annotated[float, BeforeValidator(parse_cpu)]
"""A number of cores, from text like `0.5` or `500m`."""
