"""Write the tables of docs/errors.md from the stores' tables of known errors."""

import errno
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

from core.output.errors import KNOWN
from core.stores import SOURCES
from scripts.marked_page import page_with
from worker.sources.known_errors import Known, KnownErrors

PAGE = Path(__file__).parent.parent / "docs" / "errors.md"
_TITLES = {
    "postgresql": "PostgreSQL: SQLSTATE",
    "mysql": "MySQL and MariaDB: error numbers",
    "mongodb": "MongoDB and FerretDB: error codes",
    "neo4j": "Neo4j: the last two parts of a status code",
    "kafka": "Kafka: names of error codes",
}


def error_tables() -> str:
    """Return a table for each store in Markdown."""
    stores = [name for name in SOURCES if name in _TITLES]
    tables = ["\n".join((f"## {_TITLES[store]}", "", *_rows(_known(store)))) for store in stores]
    return "\n\n".join((*tables, "\n".join(("## CSV and JSON Lines: errno", "", *_rows(_known_errno()), ""))))


def main() -> int:
    """Rewrite docs/errors.md."""
    PAGE.write_text(page_with("errors", error_tables(), PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def _known_errno() -> "KnownErrors[str]":
    return KnownErrors(*(Known(errno.errorcode[code], *entry) for code, entry in KNOWN.items()))


def _known(store: str) -> "KnownErrors[int] | KnownErrors[str]":
    known: KnownErrors[int] | KnownErrors[str] = importlib.import_module(f"worker.sources.{store}.errors").KNOWN
    return known


def _rows(known: "KnownErrors[int] | KnownErrors[str]") -> Iterator[str]:
    """Yield the lines of a table: a row for each cause and remedy."""
    yield "| code | cause | remedy |"
    yield "|---|---|---|"
    codes: dict[tuple[str, str], list[str]] = {}
    for entry in known:
        named = codes.setdefault((entry.cause, entry.remedy), [])
        if entry.code:
            named.append(f"`{entry.code}`")
    for (cause, remedy), named in codes.items():
        yield f"| {', '.join(dict.fromkeys(named))} | {cause} | {remedy} |"


if __name__ == "__main__":
    sys.exit(main())
