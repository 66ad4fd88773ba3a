"""The options of a load that stack settings, plan and worker arguments share.

A field is a key of the stack in camel case (`batchSize`), a field of the plan (`batch_size`) and an argument of the worker
(`--batch-size`). A new option needs its field here and its declaration in Pulumi.yaml.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from core.errors import Problem
from core.stores import BULK, METHODS


class Operation(StrEnum):
    """The task of the workers: load rows, verify rows, or both."""

    POPULATE = "populate"
    VERIFY = "verify"
    POPULATE_AND_VERIFY = "populate+verify"

    @property
    def populates(self) -> bool:
        """Whether rows are loaded."""
        return self is not Operation.VERIFY

    @property
    def verifies(self) -> bool:
        """Whether rows are read back and compared."""
        return self is not Operation.POPULATE


class VerifyDepth(StrEnum):
    """The method of comparing rows: cell by cell, or by checksums from the server where it can compute them."""

    FULL = "full"
    CHECKSUM = "checksum"


class OnExisting(StrEnum):
    """The action of `prepare` on an existing table of the same shape."""

    EMPTY = "empty"
    FAIL = "fail"
    APPEND = "append"


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


def one_of(*choices: str) -> BeforeValidator:
    """Return a validator that accepts these choices only."""

    def check(value: object) -> object:
        if value not in choices:
            raise Problem("is not a valid choice", f"write one of {', '.join(choices)}")
        return value

    return BeforeValidator(check)


Count = Annotated[int, BeforeValidator(_count)]
"""A whole number from 1, or its text."""
Natural = Annotated[int, BeforeValidator(_natural)]
"""A whole number from 0, or its text."""
Whole = Annotated[int, BeforeValidator(_whole)]
"""A whole number, or its text."""
Flag = Annotated[bool, BeforeValidator(_flag)]
"""True or false, or its text."""


class LoadOptions(BaseModel):
    """The options of loading and verifying. The defaults are those of Pulumi.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    operation: Annotated[Operation, one_of(*Operation)] = Field(
        Operation.POPULATE, description="load rows, compare stored rows with the generated ones, or both"
    )
    verify_depth: Annotated[VerifyDepth, one_of(*VerifyDepth)] = Field(
        VerifyDepth.FULL, description="compare every cell, or checksums computed by the server"
    )
    method: Annotated[str, one_of(*METHODS)] = Field(BULK, description="the source's bulk path, or plain inserts")
    batch_size: Count = Field(500, description="rows per commit")
    seed: Whole = Field(42, description="the base seed")
    row_count: Count = Field(10_000, description="rows per table")
    on_existing: Annotated[OnExisting, one_of(*OnExisting)] = Field(
        OnExisting.EMPTY, description="what to do with an existing table"
    )
    timeout_seconds: Count = Field(3600, description="seconds after which the run is stopped")
    connect_seconds: Count = Field(60, description="seconds to wait for a server that does not accept connections yet")
    start_seconds: Count = Field(120, description="seconds in which all workers must be ready to load")
    allow_fewer_workers: Flag = Field(False, description="load without the workers that are not ready in time")
    retries: Natural = Field(0, description="how many times a failed worker is started again")

    def load_options(self) -> dict[str, Any]:
        """Return the options by name, without the other fields of a subclass."""
        return {name: getattr(self, name) for name in LoadOptions.model_fields}


def default_of(option: str) -> Any:
    """Return the default of a load option."""
    return LoadOptions.model_fields[option].default
