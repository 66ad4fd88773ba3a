"""The commands. Each module adds its arguments to a parser, runs, and returns an exit code."""

import sys
from pathlib import Path

from core.errors import InputError
from core.files import reason_of


def write(text: str, file: Path | None = None) -> None:
    """Write to a file or to standard output. Raises InputError for a file that cannot be written."""
    if file is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        reason = reason_of(error).lower()
        raise InputError.of("--output", str(file), f"cannot be written ({reason})", "use another file") from None
