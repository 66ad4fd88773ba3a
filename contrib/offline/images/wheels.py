"""Fetch the worker's Python packages as wheels for its image: `python -m contrib.offline.images.wheels`.

A build container may not be able to reach a package index that it trusts, for example one with a certificate that only the
host trusts. So the worker's Dockerfile installs these wheels if they exist. Packages are chosen for the image's interpreter
and C library. Environment markers are evaluated by the host's pip.
"""

import argparse
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from contrib.offline.images.cache import cache_folder, locked
from contrib.offline.images.command import run
from contrib.offline.images.content import content_hash
from contrib.offline.images.errors import ImageError

_PYTHON = "3.11"
_GLIBC_MINORS = range(36, 16, -1)  # Debian 12 has glibc 2.36; manylinux_2_17 is manylinux2014


def image_platforms(machine: str) -> list[str]:
    """Return the platform tags that the Python image installs, newest first, for a machine such as `x86_64`."""
    return [*(f"manylinux_2_{minor}_{machine}" for minor in _GLIBC_MINORS), f"manylinux2014_{machine}"]


def fetch(requirements: Path, target: Path) -> bool:
    """Make `target` contain exactly the wheels of a requirements file; return whether anything was downloaded.

    Downloads are cached by the bytes of the requirements file, so its versions should be pinned. Raises ImageError if the
    file is missing or pip fails.
    """
    try:
        wanted = requirements.read_text()
    except FileNotFoundError as error:
        raise ImageError(f"--requirements: {requirements} is missing; use worker/requirements.txt") from error
    platforms = image_platforms(platform.machine())
    folder = cache_folder("wheels")
    cached = folder / content_hash({"requirements": wanted, "python": _PYTHON, "platforms": platforms})
    with locked(folder):
        missing = not cached.exists()
        if missing:
            _download(requirements, platforms, cached)
        _mirror(cached, target)
    return missing


def _download(requirements: Path, platforms: list[str], cached: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--requirement", str(requirements), "--only-binary=:all:"]
    command += [f"--python-version={_PYTHON}", "--implementation=cp", *(f"--platform={tag}" for tag in platforms)]
    with tempfile.TemporaryDirectory(dir=cached.parent) as partial:
        wheels = Path(partial) / "wheels"
        run([*command, "--dest", str(wheels)], cached.with_suffix(".log"))
        wheels.rename(cached)


def _mirror(source: Path, target: Path) -> None:
    """Make a folder contain exactly the files of another one, as links if the file system supports them."""
    target.mkdir(parents=True, exist_ok=True)
    wanted = {path.name: path for path in source.iterdir()}
    for path in target.iterdir():
        if path.name not in wanted:
            path.unlink()
    for name, path in wanted.items():
        link = target / name
        if link.exists() and link.stat().st_size == path.stat().st_size:
            continue
        link.unlink(missing_ok=True)
        try:
            os.link(path, link)
        except OSError:  # another file system, or one without links
            shutil.copyfile(path, link)


def main(arguments: list[str] | None = None) -> int:
    """Return 0, or 1 if a wheel could not be fetched."""
    parser = argparse.ArgumentParser(
        prog="python -m contrib.offline.images.wheels", description="Download the worker's wheels."
    )
    parser.add_argument("--requirements", type=Path, default=Path("worker/requirements.txt"))
    parser.add_argument("--to", type=Path, default=Path("worker/wheels"))
    options = parser.parse_args(arguments)
    target: Path = options.to
    try:
        downloaded = fetch(options.requirements, target)
    except ImageError as error:
        print(f"contrib.offline.images.wheels: {error}", file=sys.stderr)
        return 1
    print(f"{target}: {len(list(target.iterdir()))} wheels {'downloaded' if downloaded else 'up to date'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
