"""Random changes to schema files, like mistakes of editors and users; reproducible by their seed."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.core.schema import odd_values

_ROOT = Path(__file__).parents[3]
EXAMPLES = tuple(sorted([*(_ROOT / "schemas").glob("*.yaml"), *(_ROOT / "tests" / "data").glob("*.yaml")]))
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
    container[key] = rng.choice([*odd_values.NUMBERS, *odd_values.TEXTS, *odd_values.ODD])


def _rename(container: Any, key: Any, rng: random.Random) -> None:
    if isinstance(container, dict):
        container[rng.choice([*odd_values.TEXTS, *odd_values.WORDS])] = container.pop(key)


def _add(container: Any, _: Any, rng: random.Random) -> None:
    if isinstance(container, dict):
        container[rng.choice(odd_values.WORDS)] = rng.choice([*odd_values.NUMBERS, *odd_values.TEXTS])


def _nest(container: Any, key: Any, rng: random.Random) -> None:
    for _ in range(rng.choice([1, 1, 1, 60])):
        container[key] = [container[key]] if rng.random() < 0.5 else {"type": container[key]}


_CHANGES = (_remove, _repeat, _replace, _replace, _rename, _add, _nest)


def _generator(rng: random.Random) -> dict[str, Any]:
    """Return a generator with random bounds, most of which do not fit a type."""
    low, high = sorted(rng.sample(odd_values.FAR, 2))
    made: dict[str, Any] = rng.choice(
        [
            {"type": kind, "min": low, "max": high, "distribution": rng.choice(odd_values.DISTRIBUTIONS)}
            for kind in ("int_range", "decimal_range", "float_range")
        ]
        + [
            {
                "type": "timestamp_range",
                "start": (span := sorted(rng.sample(odd_values.INSTANTS, 2)))[0],
                "end": span[1],
            },
            {"type": "timestamp_recent", "days": abs(low)},
            {"type": "duration_range", "min_secs": low, "max_secs": high},
            {"type": "sequential", "start": low},
            {"type": "static", "value": rng.choice([*odd_values.FAR, *odd_values.TEXTS, None, [], {}])},
            {"type": "one_of", "values": rng.sample([*odd_values.FAR, *odd_values.TEXTS], 3)},
            {"type": "one_of", "values": ["a", "b"], "weights": [low, high]},
            {"type": "sample_array", "pool": rng.sample(odd_values.TEXTS, 3), "max_length": high},
            {"type": "random_bytes", "min_length": low, "max_length": high},
            {"type": "point_range", "min_x": low, "max_x": high},
            {"type": "pattern", "pattern": "".join(rng.sample(odd_values.TEXTS, 2))},
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
            return rng.choice([*odd_values.NUMBERS, -value, value + 1, value - 1, value * 10, str(value)])
        case str() if value in odd_values.TYPES or "(" in value:
            return rng.choice(odd_values.TYPES)
        case str():
            return rng.choice([value + " ", value.upper(), value[:1], value * 2, "a", "2024-02-29", "9999-12-31", "5"])
        case {"type": str()}:
            return rng.choice([*odd_values.TYPES, _generator(rng)])
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
    lambda text, rng: _spliced(
        text, rng, rng.choice([*map(str, odd_values.NUMBERS), *odd_values.TEXTS]), cut=rng.choice([0, 1, 3])
    ),
    lambda text, rng: "".join(rng.sample(lines := text.splitlines(keepends=True), len(lines))),
    lambda text, rng: text[: rng.randrange(len(text) + 1)] * 2,
    lambda text, rng: text.replace(" ", rng.choice(["", "  ", "\t", "\u00a0"]), rng.choice([1, -1])),
)
