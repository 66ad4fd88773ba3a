"""Values at the limits of every type, loaded into every source and read back."""

import string
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
import yaml

from core.options import Operation
from core.plan import BASE_INSTANT, LoadPlan, Shard, WorkerPlan
from core.schema.file import parse_schema
from core.schema.types import Kind
from core.stores import BULK, INSERT
from tests.worker.sources.loading import connected
from tests.worker.verify.conftest import Place
from tests.worker.verify.other_clients import OTHER_CLIENTS
from worker.generate import Dataset
from worker.pipeline import load_shard
from worker.result.counters import Counters
from worker.verify.verification import Verification

ROWS = 250
_PLANES = [chr(plane << 16 | place) for plane in range(17) for place in (0x20, 0xFFFD) if plane << 16 | place > 0x20]
_CONTROLS = [chr(code) for code in range(1, 32)] + [
    "\x7f",
    "\x85",
    "\xa0",
    "\u2028",
    "\u2029",
    "\ufeff",
    "\u202e",
    "e\u0301",
]
_SPECIAL = [
    "",
    " ",
    "  x",
    "NULL",
    "null",
    "\\N",
    "\\",
    "\\\\",
    "'",
    '"',
    '""',
    "`",
    "$$",
    "{}",
    ",",
    ";",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "%s",
    "0",
    "-0",
    "1e5",
    "true",
    "NaN",
    "(absent)",
    "\\.",
    "\\x00",
    'a\nb,"c"\\',
    string.printable[:95],
]
_TEXTS = [*_PLANES, *_CONTROLS, *_SPECIAL, "x" * 16_383, "\U0001f600" * 4000]


def _short(length: int) -> list[str]:
    return [text for text in _TEXTS if len(text) <= length and not text.endswith(" ")]


def _ends(bits: int) -> list[int]:
    half = 1 << bits - 1
    return [-half, -half + 1, -1, 0, 1, half - 2, half - 1]


def _decimals(precision: int, scale: int) -> list[str]:
    most = ("9" * (precision - scale) or "0") + ("." + "9" * scale if scale else "")
    least = "0." + "0" * (scale - 1) + "1" if scale else "1"
    return [most, "-" + most, least, "-" + least, "0", "-0"]


def _choice(*values: object) -> dict[str, object]:
    return {"type": "one_of", "values": list(values)}


_INSTANTS = (
    "0001-01-01T00:00:00Z",
    "0999-12-31T23:59:59.999999Z",
    "1000-01-01T00:00:00Z",
    "1582-10-10T00:00:00Z",
    "1600-02-29T12:00:00Z",
    "1969-12-31T23:59:59.999999Z",
    "1970-01-01T00:00:00Z",
    "2000-02-29T23:59:59.000001Z",
    "2038-01-19T03:14:08Z",
    "9999-12-31T23:59:59.999999Z",
)
_DOCUMENTS: Sequence[Any] = (
    {},
    [],
    "",
    0,
    -1,
    1.5,
    1e300,
    5e-324,
    2**53,
    2**63 - 1,
    -(2**63),
    True,
    False,
    {"a": {"b": [{"c": [[[[]]]]}]}},
    {"": 1, " ": 2, "$ref": 3, "a.b": 4, "\U0001f600": '\u0001\t\n"\\/'},
    [None, {"x": None}],
    "\U0010fffd",
    "x" * 5000,
)
_UUIDS = (
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "00000000-0000-0000-0000-000000000001",
)
_TINY = (5e-324, 2.2250738585072014e-308, 0.1, 1 / 3, 1e15, 1e16, 123456789.123456789, 1e300, 1.7976931348623157e308)
_SINGLE = (1.401298464324817e-45, 1.1754943508222875e-38, 0.1, 16777216.0, 16777217.0, 3.4028234663852886e38)

EDGES: Mapping[str, tuple[Any, Any]] = {
    "bool": ("bool", _choice(True, False)),
    "int8": ("int8", _choice(*_ends(8))),
    "int16": ("int16", _choice(*_ends(16))),
    "int32": ("int32", _choice(*_ends(32))),
    "int64": ("int64", _choice(*_ends(64))),
    "int8_range": ("int8", {"type": "int_range", "min": -128, "max": 127}),
    "int64_range": ("int64", {"type": "int_range", "min": -(2**63), "max": 2**63 - 1}),
    "float32": ("float", _choice(0.0, -0.0, *_SINGLE, *(-each for each in _SINGLE))),
    "float64": ("double", _choice(0.0, -0.0, *_TINY, *(-each for each in _TINY))),
    "float64_range": ("double", {"type": "float_range", "min": -1e300, "max": 1e300}),
    "float32_range": ("float", {"type": "float_range", "min": -3.4e38, "max": 3.4e38}),
    "char": ("char(255)", _choice(*_short(255))),
    "char_padded": ("char(5)", _choice("", "a", "a  ", " a", "\U0001f600")),
    "varchar": ("varchar(16383)", _choice(*_short(16_383), "x" * 16_383, " ")),
    "text": ("text", _choice(*_TEXTS, "x" * 70_000)),
    "enum": (
        {"type": "enum", "values": (enum := ["a", "A", "é", "'", '"', "\\", "\n", "x" * 255, "\U0001f600"])},
        _choice(*enum),
    ),
    "set": (
        {"type": "set", "values": (members := [f"m{n}" for n in range(60)] + ["'", "\\", '"'])},
        {"type": "sample_array", "pool": members, "max_length": 63},
    ),
    "ulid": ("ulid", _choice("0" * 26, "7" + "Z" * 25)),
    "uuid": ("uuid", _choice(*_UUIDS)),
    "blob": ("blob", {"type": "random_bytes", "min_length": 0, "max_length": 65_536}),
    "bytes": ("bytes", {"type": "random_bytes", "min_length": 0, "max_length": 300}),
    "date": ("date", _choice(*_INSTANTS)),
    "time": ("time", _choice("00:00:00", "00:00:00.000001", "12:00:00", "23:59:59.999999")),
    "datetime": ("date_time", _choice(*_INSTANTS)),
    "timestamp": ("timestamp", _choice(*_INSTANTS)),
    "timestamp_tz": ("timestamp_tz", _choice(*_INSTANTS)),
    "timestamp_range": ("timestamp", {"type": "timestamp_range", "start": _INSTANTS[0], "end": _INSTANTS[-1]}),
    "duration": ("duration", _choice(0, 1, 0.000001, -0.000001, -1, 86_400.5, 10**11, -(10**11))),
    "json": ("json", _choice(*_DOCUMENTS)),
    "jsonb": ("jsonb", _choice(*_DOCUMENTS)),
    "point": (
        "point",
        _choice(*[{"x": x, "y": -x} for x in (0.0, -0.0, 5e-324, 1e15, 1e16, 1 / 3, 1.7976931348623157e308)]),
    ),
    "array_int64": (
        {"type": "array", "element_type": "bigint"},
        {"type": "sample_array", "pool": _ends(64), "max_length": 30},
    ),
    "array_text": (
        {"type": "array", "element_type": "text"},
        {"type": "sample_array", "pool": _short(200), "max_length": 30},
    ),
    "array_double": (
        {"type": "array", "element_type": "double"},
        {"type": "sample_array", "pool": [0.0, -0.0, *_TINY], "max_length": 9},
    ),
    "array_float": (
        {"type": "array", "element_type": "float"},
        {"type": "sample_array", "pool": [0.0, -0.0, *_SINGLE], "max_length": 9},
    ),
    "array_decimal": (
        {"type": "array", "element_type": "decimal(38,10)"},
        {"type": "sample_array", "pool": _decimals(38, 10), "max_length": 9},
    ),
    "array_uuid": (
        {"type": "array", "element_type": "uuid"},
        {"type": "sample_array", "pool": list(_UUIDS), "max_length": 9},
    ),
    "array_date": (
        {"type": "array", "element_type": "date"},
        {"type": "sample_array", "pool": list(_INSTANTS), "max_length": 9},
    ),
    "array_timestamp": (
        {"type": "array", "element_type": "timestamp_tz"},
        {"type": "sample_array", "pool": list(_INSTANTS), "max_length": 9},
    ),
    "array_char": (
        {"type": "array", "element_type": "char(9)"},
        {"type": "sample_array", "pool": ["", "a", "a  ", " a", "\U0001f600"], "max_length": 9},
    ),
    "array_bool": (
        {"type": "array", "element_type": "bool"},
        {"type": "sample_array", "pool": [True, False], "max_length": 9},
    ),
    **{
        f"decimal_{precision}_{scale}": (f"decimal({precision},{scale})", _choice(*_decimals(precision, scale)))
        for precision, scale in [
            (1, 0),
            (1, 1),
            (9, 2),
            (18, 18),
            (19, 0),
            (34, 0),
            (35, 1),
            (38, 0),
            (38, 10),
            (38, 30),
            (38, 38),
        ]
    },
    **{
        f"range_{precision}_{scale}": (
            f"decimal({precision},{scale})",
            {
                "type": "decimal_range",
                "min": f"-{_decimals(precision, scale)[0]}",
                "max": _decimals(precision, scale)[0],
            },
        )
        for precision, scale in [(19, 0), (20, 3), (38, 0), (38, 10), (38, 30), (38, 38)]
    },
}
"""The type and generator of each column, by its name."""


class _NoAliases(yaml.SafeDumper):
    """A dumper without anchors, which the schema reader refuses."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_LEFT_OUT: Mapping[tuple[str, str], frozenset[str]] = {
    # A scale of 30 at most: refused in the plan.
    ("mysql", BULK): frozenset({"decimal_38_38", "range_38_38"}),
    ("mysql", INSERT): frozenset({"decimal_38_38", "range_38_38"}),
}
"""Columns that a source cannot store exactly (docs/sources.md), by source and method."""


def _dataset(names: Iterable[str]) -> Dataset:
    columns = [
        {"name": f"c_{name}", "type": EDGES[name][0], "generator": EDGES[name][1], "null_ratio": 0.1} for name in names
    ]
    key = {"type": "big_int", "generator": {"type": "sequential", "start": -5}}
    schema = {"version": 1, "tables": [{"name": "edges", "id": key, "fields": columns}]}
    text = yaml.dump(schema, Dumper=_NoAliases)
    return Dataset(parse_schema(text, "edges.yaml"), seed=3, rows=ROWS, base_instant=BASE_INSTANT)


def test_edge_values_cover_every_kind() -> None:
    assert {column.type.kind for column in _dataset(EDGES).schema.tables[0].columns} == set(Kind)


@pytest.mark.parametrize("method", [BULK, INSERT])
def test_edge_values_read_back_equal(place: Place, method: str) -> None:
    left_out = _LEFT_OUT.get((place.source, method), frozenset())
    dataset = _dataset(name for name in EDGES if name not in left_out)
    (table,) = dataset.schema.tables
    OTHER_CLIENTS[place.source](place).reset(table.name)
    shard = Shard(table=table.name, seed=3, first_row=0, rows=ROWS)
    plan = LoadPlan(
        run_id="",
        source=place.source,
        operation=Operation.POPULATE_AND_VERIFY,
        method=method,
        batch_size=100,
        seed=3,
        row_count=ROWS,
        limits=None,
        data=dataset.schema,
        workers=(WorkerPlan(id="worker-1", shards=(shard,)),),
    )
    with connected(place.source, place.connection) as source:
        source.prepare([table], plan.on_existing)
        load_shard(source, dataset.table(table.name), shard, method, plan.batch_size, Counters(total_rows=ROWS))
        verification = Verification()
        verification.run(source, plan, plan.workers[0], dataset, Counters(loads=False))
    assert verification.report is not None
    assert verification.report.tables[0].differences == ()
    assert verification.report.total_matched == ROWS
