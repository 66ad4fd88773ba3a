"""Parse YAML 1.2 with its core schema, one document, without anchors and tags.

PyYAML follows YAML 1.1, where `no` is false, `1:30` is 90 and `2024-01-01` is a date, which is wrong in a list of values.
Anchors are refused, because a small file could expand into a large one. Duplicate keys are refused.
"""

import re
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from core.errors import SchemaError
from core.text import one_line

MOST_BYTES = 1 << 18
"""The largest schema file: about a thousand columns, which PyYAML reads in a few seconds."""
_MOST_DEPTH = 40
_UNPRINTABLE = "has a control character that YAML does not allow; write it as an escape in double quotes"


def parse_yaml(text: str, origin: str) -> object:
    """Parse the text; raises SchemaError, with the line, for text that is not valid YAML."""
    if len(text) > MOST_BYTES:
        raise SchemaError(f"{origin}: has {len(text):,} characters; a schema has at most {MOST_BYTES:,}, so split it")
    try:
        return yaml.load(text, Loader=_CoreLoader)  # noqa: S506 - a SafeLoader
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1 if isinstance(error.position, int) else 1
        raise SchemaError(f"{origin}:{line}: {_UNPRINTABLE}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise SchemaError(f"{origin}:{line}: {_problem(error)}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise SchemaError(f"{origin}: is not valid YAML: {one_line(error)}") from None


def _problem(error: yaml.MarkedYAMLError) -> str:
    problem = one_line(error.problem or error.context or "is not valid YAML")
    if problem == "but found another document":
        return "a second document begins (---); keep one"
    if "'\\t'" in problem:
        return "a tab where YAML requires spaces; indent with spaces"
    return problem if ";" in problem else f"is not valid YAML: {problem}; check indentation and quotes there"


class Mapping(dict[str, Any]):
    """A mapping of the file, and the lines at which it and its keys begin."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


class Items(list[Any]):
    """A list of the file, and the lines at which its items begin."""

    def __init__(self, lines: Sequence[int]) -> None:
        super().__init__()
        self.lines = lines


def line_of(value: object, path: Sequence[str]) -> int | None:
    """Return the line of the deepest part of a parsed value on a path of keys and item numbers; None if unknown."""
    line = value.line if isinstance(value, Mapping) else None
    for key in path:
        if isinstance(value, Mapping) and key in value.lines:
            line, value = value.lines[key], value.get(key)
        elif isinstance(value, Items) and key.isdecimal() and int(key) < len(value.lines):
            line, value = value.lines[int(key)], value[int(key)] if int(key) < len(value) else None
        else:
            break
    return line


class _CoreLoader(yaml.SafeLoader):
    """SafeLoader with the core schema of YAML 1.2, without anchors, tags and duplicate keys."""

    _depth = 0

    def compose_node(self, parent: Node | None, index: object) -> Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "anchor", None) is not None:
            raise _refusal("anchors and aliases (& and *) are not supported; write the value out", event.start_mark)
        if getattr(event, "tag", None) is not None:
            raise _refusal("tags (like !!set) are not supported; write the value without one", event.start_mark)
        if self._depth > _MOST_DEPTH:
            raise _refusal(f"nested more than {_MOST_DEPTH} deep; a schema needs ten at most", event.start_mark)
        self._depth += 1
        try:
            return super().compose_node(parent, index)  # type: ignore[arg-type]
        finally:
            self._depth -= 1

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Hashable, object]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise _refusal(f"the key {key!r} is not text; put it in quotes", key_node.start_mark)
            if key in seen:
                raise _refusal(f"the key {key!r} is duplicated in one mapping; keep one of them", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_scalar(self, node: ScalarNode | MappingNode) -> str:
        text = str(super().construct_scalar(node))
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise _refusal("half of a surrogate pair is not a character; write \\U and eight digits", node.start_mark)
        return text


def _refusal(problem: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.composer.ComposerError(None, None, problem, mark)


def _construct_mapping(loader: _CoreLoader, node: MappingNode) -> Iterator[Mapping]:
    mapping = Mapping(node.start_mark.line + 1)
    yield mapping
    mapping.update({str(key): value for key, value in loader.construct_mapping(node).items()})
    mapping.lines = {str(key.value): key.start_mark.line + 1 for key, _ in node.value}


def _construct_items(loader: _CoreLoader, node: SequenceNode) -> Iterator[Items]:
    items = Items([each.start_mark.line + 1 for each in node.value])
    yield items
    items.extend(loader.construct_sequence(node))


_CoreLoader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)
_CoreLoader.add_constructor("tag:yaml.org,2002:seq", _construct_items)
_CoreLoader.yaml_implicit_resolvers = {}


def _resolve(tag: str, pattern: str, first: str) -> None:
    _CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


_resolve("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF")
_resolve("null", r"^(?:~|null|Null|NULL|)$", "~nN\0")
_resolve("int", r"^[-+]?(?:0|[1-9][0-9]{0,38})$", "-+0123456789")
_resolve("float", r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$", "-+.0123456789")
_CoreLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^$"), [""])
