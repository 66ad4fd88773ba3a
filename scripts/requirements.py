"""Write the requirements files from the dependency groups in pyproject.toml: `python -m scripts.requirements [--check]`."""

import argparse
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
FILES: Mapping[str, tuple[str, str]] = {
    "worker": ("worker/requirements.txt", "The worker in its container. A driver is imported only by its source."),
    "program": (
        "requirements.txt",
        "The Pulumi program, the local platform and the report, in addition to the worker's.",
    ),
    "dev": ("requirements-dev.txt", "For `make lint`, `make test` and the benchmarks, in addition to the program's."),
}
"""By dependency group: the file, relative to the project, and the comment at its top."""
_GENERATED = "Generated from pyproject.toml; edit that file and run `python -m scripts.requirements`."


def files(project: Path) -> dict[Path, str]:
    """Return the text of each requirements file. Raise ValueError for a package that is declared more than once."""
    groups = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    declared = [entry for group in groups.values() for entry in group if isinstance(entry, str)]
    names = [entry.partition("==")[0].partition("[")[0].lower().replace("_", "-") for entry in declared]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"pyproject.toml: {', '.join(twice)} is declared more than once; remove the others")
    return {project / file: _text(groups[group], comment) for group, (file, comment) in FILES.items()}


def main(arguments: Sequence[str] | None = None, project: Path = PROJECT) -> int:
    """Write the files; with --check, return 1 if one differs."""
    parser = argparse.ArgumentParser(prog="python -m scripts.requirements", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file differs")
    check = parser.parse_args(arguments).check
    different = [file for file, text in files(project).items() if not file.is_file() or file.read_text() != text]
    for file in different:
        if check:
            name = file.relative_to(project)
            sys.stderr.write(f"{name}: differs from pyproject.toml; run `python -m scripts.requirements`\n")
        else:
            file.write_text(files(project)[file])
    return int(check and bool(different))


def _text(group: Sequence[str | Mapping[str, str]], comment: str) -> str:
    lines = [f"# {comment}", f"# {_GENERATED}"]
    for entry in group:
        if isinstance(entry, str):
            lines.append(entry)
        else:
            included = FILES[entry["include-group"]][0]
            lines.append(f"-r {included}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
