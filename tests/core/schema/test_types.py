import pytest
from pydantic import ValidationError

from core.schema.types import DataType, Kind


@pytest.mark.parametrize(
    "given",
    [
        {"kind": Kind.DECIMAL, "precision": 38, "scale": 38},
        {"kind": Kind.DECIMAL, "precision": 1, "scale": 0},
        {"kind": Kind.CHAR, "length": 1},
        {"kind": Kind.ARRAY, "element": DataType(kind=Kind.INT8)},
        {"kind": Kind.ENUM, "values": ("a",)},
        {"kind": Kind.TEXT},
    ],
)
def test_type_round_trips_through_json(given):
    made = DataType(**given)
    assert made.kind is given["kind"]
    assert DataType.model_validate_json(made.model_dump_json()) == made


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": Kind.DECIMAL}, "a decimal has a precision from 1 to 38"),
        ({"kind": Kind.DECIMAL, "precision": 39, "scale": 0}, "a decimal has a precision from 1 to 38"),
        ({"kind": Kind.DECIMAL, "precision": 2, "scale": 3}, "a scale from 0 to its precision"),
        ({"kind": Kind.VARCHAR}, "a varchar has a length of 1 or more"),
        ({"kind": Kind.CHAR, "length": 0}, "a char has a length of 1 or more"),
        ({"kind": Kind.ARRAY}, "an array has an element_type"),
        (
            {"kind": Kind.ARRAY, "element": {"kind": "array", "element": {"kind": "int8"}}},
            "element_type that is not an array",
        ),
        ({"kind": Kind.SET}, "set has at least one value"),
        ({"kind": "integer"}, "Input should be"),
        ({"kind": Kind.TEXT, "size": 3}, "Extra inputs"),
    ],
)
def test_incomplete_type_is_refused(given, said):
    with pytest.raises(ValidationError, match=said):
        DataType.model_validate(given)
