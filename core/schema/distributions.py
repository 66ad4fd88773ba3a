"""How often each possible value of a range or choice comes up.

In a file `distribution: zipf` is short for `distribution: {type: zipf}`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict


class _Distribution(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Uniform(_Distribution):
    """All values equally often."""

    type: Literal["uniform"] = "uniform"


UNIFORM = Uniform()


class Normal(_Distribution):
    """A bell cut off at the bounds; `mean` and `stddev` in the range's own unit, by default its middle and its sixth.

    The unit is a place, counted from 0, for a choice or a reference, and a second after the start for an instant.
    """

    type: Literal["normal"] = "normal"
    mean: Annotated[float, Strict()] | None = None
    stddev: Annotated[float, Strict(), Field(gt=0)] | None = None


class Zipf(_Distribution):
    """The value at place k (from 1, the least first) comes up in proportion to `k ** -exponent`."""

    type: Literal["zipf"] = "zipf"
    exponent: Annotated[float, Strict(), Field(gt=0, le=10)] = 1.0


def _named(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


Distribution = Annotated[Annotated[Uniform | Normal | Zipf, Field(discriminator="type")], BeforeValidator(_named)]
