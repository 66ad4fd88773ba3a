"""Makes the images named, or all: `python -m contrib.offline.images [NAME ...]`. Prints a line for each."""

import argparse
import sys
import time

from contrib.offline.images.build import ensure
from contrib.offline.images.catalogue import IMAGES, find
from contrib.offline.images.errors import ImageError
from contrib.offline.images.recipe import tag


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0, or 1 when an image could not be made."""
    parser = argparse.ArgumentParser(
        prog="python -m contrib.offline.images", description="Makes images of real servers."
    )
    names = ", ".join(recipe.name for recipe in IMAGES)
    parser.add_argument("name", nargs="*", help=f"one of {names} (default: all)")
    wanted: list[str] = parser.parse_args(arguments).name
    try:
        for recipe in [find(name) for name in wanted] or IMAGES:
            start = time.monotonic()
            outcome = ensure(recipe)
            print(f"{tag(recipe)}: {outcome.value} in {time.monotonic() - start:.0f} s", flush=True)
    except ImageError as error:
        print(f"contrib.offline.images: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
