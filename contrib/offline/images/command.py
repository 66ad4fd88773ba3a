"""Run the tools that build images, and keep their output for error messages."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from contrib.offline.images.errors import ImageError

_TAIL_LINES = 30


def run(
    command: Sequence[str],
    log: Path,
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a command, and append its output to `log`.

    Raises ImageError if the tool is not installed or fails, with the end of its output.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        start = output.tell()
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        except FileNotFoundError as error:
            raise ImageError(f"{command[0]} is not installed; install it and try again") from error
    if done.returncode != 0:
        with log.open("rb") as output:
            output.seek(start)
            tail = output.read().decode(errors="replace").splitlines()[-_TAIL_LINES:]
        lines = "\n".join(f"  {line}" for line in tail)
        raise ImageError(
            f"{' '.join(command[:2])} failed with exit code {done.returncode}; log: {log}; last lines:\n{lines}"
        )


def read(command: Sequence[str]) -> str | None:
    """Return a command's standard output, stripped, or None if it fails. Raises ImageError if it is not installed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise ImageError(f"{command[0]} is not installed; install it and try again") from error
    return done.stdout.strip() if done.returncode == 0 else None
