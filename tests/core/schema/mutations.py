"""Random changes to schema files, like mistakes of editors and users; reproducible by their seed."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

_ROOT = Path(__file__).parents[3]
EXAMPLES = tuple(sorted([*(_ROOT / "schemas").glob("*.yaml"), *(_ROOT / "tests" / "data").glob("*.yaml")]))
_NUMBERS = (
    0,
    -1,
    1,
    38,
    39,
    255,
    256,
    65_536,
    2**31,
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    2**64,
    10**38,
    -(10**38),
    10**39,
    10**60,
    0.1,
    -0.0,
    1e-320,
    1e300,
    1.8e308,
    0.1 + 0.2,
)
_TEXTS = (
    "",
    " ",
    "id",
    "null",
    "~",
    "NaN",
    "inf",
    "-inf",
    ".inf",
    "1e999",
    "1_000",
    "0x10",
    "\u0661\u0662",
    "²",
    "x" * 300,
    "x" * 20_000,
    "é",
    "e\u0301",
    "\u202e",
    "\ufeff",
    "\U0001f600",
    "a\0b",
    "a\nb",
    "\x85",
    "\u2028",
    "{index}",
    "{",
    "}}",
    "{rand:99}",
    "{rand:0}",
    "{x}",
    "a.b",
    "a.b.c",
    ".",
    "..",
    "/",
    "%s",
    "users.id",
    "0000-00-00",
    "0001-01-01",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "2024-02-30",
    "24:00",
    "decimal(38,38)",
    "decimal(0,0)",
    "decimal(99999999999,1)",
    "varchar(99999999999999999999)",
    "varchar(-1)",
    "char(²)",
    "varchar(\u0661)",
    "set",
    "enum",
    "array",
    "point",
    "normal",
    "zipf",
    "faker",
)
_TYPES = (
    "bool",
    "tiny_int",
    "small_int",
    "int",
    "big_int",
    "float",
    "double",
    "decimal(38,0)",
    "decimal(38,38)",
    "decimal(5,2)",
    "char(1)",
    "varchar(5)",
    "text",
    "blob",
    "bytes",
    "date",
    "time",
    "date_time",
    "timestamp",
    "timestamp_tz",
    "json",
    "jsonb",
    "uuid",
    "ulid",
    "duration",
    "point",
)
_FAR = (
    -(10**38),
    -(2**63),
    -300,
    -1,
    0,
    1,
    5,
    127,
    300,
    2**53,
    2**63 - 1,
    10**38 - 1,
    10**38,
    -0.5,
    0.5,
    1e-9,
    1e30,
    1e300,
    -1e300,
)
_DISTRIBUTIONS = (
    "uniform",
    "normal",
    "zipf",
    {"type": "zipf", "exponent": 1e-300},
    {"type": "zipf", "exponent": 10},
    {"type": "normal", "stddev": 1e-300},
    {"type": "normal", "stddev": 1e300},
    {"type": "normal", "mean": 0, "stddev": 1},
    {"type": "normal", "mean": 1e308},
)
_INSTANTS = (
    "0001-01-01",
    "1970-01-01",
    "2024-02-29T23:59:59.999999Z",
    "9999-12-31",
    "9999-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00+00:01",
)
_WORDS = (
    "type",
    "generator",
    "min",
    "max",
    "values",
    "length",
    "null_ratio",
    "unique",
    "distribution",
    "references",
    "template",
    "pool",
)


_TREES: "dict[Path, Any]" = {}


def mutated(seed: int) -> str:
    """Return the text of a part of an example with one to three changes."""
    rng = random.Random(seed)
    path = rng.choice(EXAMPLES)
    if path not in _TREES:
        _TREES[path] = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    tree = _part(_copy(_TREES[path]), rng)
    if rng.random() < 0.2:
        text = _dumped(tree, rng)
        for _ in range(rng.randint(1, 2)):
            text = rng.choice(_TEXT_CHANGES)(text, rng)
        return text
    for _ in range(rng.choice([1, 1, 2, 3])):
        _change(tree, rng)
    return _dumped(tree, rng)


def _copy(node: Any) -> Any:
    return json.loads(json.dumps(node, default=str))


def _part(tree: Any, rng: random.Random) -> Any:
    """Return one table with a few of its columns, because the first error hides the later ones."""
    table = rng.choice(tree["tables"])
    columns = "columns" if "columns" in table else "fields"
    alone = [column for column in table[columns] if "references" not in column and "template" not in column]
    keys = [column for column in alone if column.get("primary_key")]
    others = [column for column in alone if not column.get("primary_key")]
    table[columns] = [*keys, *rng.sample(others, min(len(others), 4))]
    return {"tables": [table]}


def _dumped(tree: Any, rng: random.Random) -> str:
    style, unicode = rng.choice([None, True, False]), rng.random() < 0.5
    return str(
        yaml.dump(tree, Dumper=yaml.CSafeDumper, allow_unicode=unicode, sort_keys=False, default_flow_style=style)
    )


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container with each of its keys or indices."""
    items: Any = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in list(items):
        yield node, key
        yield from _places(value)


def _change(tree: Any, rng: random.Random) -> None:
    places = list(_places(tree))
    if not places:
        return
    container, key = rng.choice(places[len(places) // 3 :] if rng.random() < 0.8 else places)
    other, other_key = rng.choice(places)
    if rng.random() < 0.1:
        container[key], other[other_key] = _copy(other[other_key]), _copy(container[key])
        return
    if rng.random() < 0.5:
        container[key] = _near(container[key], rng)
        return
    rng.choice(_CHANGES)(container, key, rng)


def _remove(container: Any, key: Any, _: random.Random) -> None:
    del container[key]


def _repeat(container: Any, key: Any, _: random.Random) -> None:
    if isinstance(container, list):
        container.insert(key, _copy(container[key]))


def _replace(container: Any, key: Any, rng: random.Random) -> None:
    container[key] = rng.choice([*_NUMBERS, *_TEXTS, *_ODD])


def _rename(container: Any, key: Any, rng: random.Random) -> None:
    if isinstance(container, dict):
        container[rng.choice([*_TEXTS, *_WORDS])] = container.pop(key)


def _add(container: Any, _: Any, rng: random.Random) -> None:
    if isinstance(container, dict):
        container[rng.choice(_WORDS)] = rng.choice([*_NUMBERS, *_TEXTS])


def _nest(container: Any, key: Any, rng: random.Random) -> None:
    for _ in range(rng.choice([1, 1, 1, 60])):
        container[key] = [container[key]] if rng.random() < 0.5 else {"type": container[key]}


_ODD: tuple[Any, ...] = (None, True, [], {}, [None], [[1]], {"type": "int"}, {"": 0}, [1, "1", 1.0, True])
_CHANGES = (_remove, _repeat, _replace, _replace, _rename, _add, _nest)


def _generator(rng: random.Random) -> dict[str, Any]:
    """Return a generator with random bounds, most of which do not fit a type."""
    low, high = sorted(rng.sample(_FAR, 2))
    made: dict[str, Any] = rng.choice(
        [
            {"type": kind, "min": low, "max": high, "distribution": rng.choice(_DISTRIBUTIONS)}
            for kind in ("int_range", "decimal_range", "float_range")
        ]
        + [
            {"type": "timestamp_range", "start": (span := sorted(rng.sample(_INSTANTS, 2)))[0], "end": span[1]},
            {"type": "timestamp_recent", "days": abs(low)},
            {"type": "duration_range", "min_secs": low, "max_secs": high},
            {"type": "sequential", "start": low},
            {"type": "static", "value": rng.choice([*_FAR, *_TEXTS, None, [], {}])},
            {"type": "one_of", "values": rng.sample([*_FAR, *_TEXTS], 3)},
            {"type": "one_of", "values": ["a", "b"], "weights": [low, high]},
            {"type": "sample_array", "pool": rng.sample(_TEXTS, 3), "max_length": high},
            {"type": "random_bytes", "min_length": low, "max_length": high},
            {"type": "point_range", "min_x": low, "max_x": high},
            {"type": "pattern", "pattern": "".join(rng.sample(_TEXTS, 2))},
            {"type": "weighted_bool", "true_weight": low},
            {
                "type": "faker",
                "provider": rng.choice(["name", "pyint", "random_element", "date_object", "binary", "seed", "_"]),
                "pool": 5,
            },
        ]
    )
    return made


def _near(value: Any, rng: random.Random) -> Any:
    """Return another value of the same kind, which is more often valid."""
    match value:
        case bool():
            return not value
        case int() | float():
            return rng.choice([*_NUMBERS, -value, value + 1, value - 1, value * 10, str(value)])
        case str() if value in _TYPES or "(" in value:
            return rng.choice(_TYPES)
        case str():
            return rng.choice([value + " ", value.upper(), value[:1], value * 2, "a", "2024-02-29", "9999-12-31", "5"])
        case {"type": str()}:
            return rng.choice([*_TYPES, _generator(rng)])
        case _:
            return _generator(rng)


def _spliced(text: str, rng: random.Random, piece: str, cut: int = 0) -> str:
    place = rng.randrange(len(text) + 1)
    return text[:place] + piece + text[place + cut :]


_PIECES = (
    "&a ",
    "*a ",
    "!!python/object:os.system ",
    "!x ",
    "<<: ",
    "---\n",
    "...\n",
    "\t",
    "\0",
    "\x07",
    "'",
    '"',
    "|\n",
    ">-\n",
    "? ",
    ": ",
    "- ",
    "#",
    "%YAML 1.1\n",
    "[",
    "{",
    "]",
    "}",
    ",",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "\u2028",
    "\ufeff",
    "[" * 500,
    "{a: " * 200,
    "9" * 400,
    "\\x00",
    "@",
    "`",
)
_TEXT_CHANGES: tuple[Callable[[str, random.Random], str], ...] = (
    lambda text, rng: _spliced(text, rng, rng.choice(_PIECES)),
    lambda text, rng: _spliced(text, rng, "", cut=rng.choice([1, 10, 200])),
    lambda text, rng: _spliced(text, rng, rng.choice([*map(str, _NUMBERS), *_TEXTS]), cut=rng.choice([0, 1, 3])),
    lambda text, rng: "".join(rng.sample(lines := text.splitlines(keepends=True), len(lines))),
    lambda text, rng: text[: rng.randrange(len(text) + 1)] * 2,
    lambda text, rng: text.replace(" ", rng.choice(["", "  ", "\t", "\u00a0"]), rng.choice([1, -1])),
)
