"""Every image that can be made here."""

from pathlib import Path

from tools.images.debian import DebianBase
from tools.images.errors import ImageError
from tools.images.recipe import REPOSITORY, Dockerfile, Recipe

_HERE = Path(__file__).parent

BOOKWORM = DebianBase("bookworm")
TRIXIE = DebianBase("trixie")
SID = DebianBase("sid")
JRE = Dockerfile("jre:21", TRIXIE, _HERE / "jre")

POSTGRES = Dockerfile("postgres:18", SID, _HERE / "postgres", {"PG_MAJOR": "18"})
PYTHON = Dockerfile("python:3.11", BOOKWORM, _HERE / "python")
MYSQL = Dockerfile("mysql:9.7", SID, _HERE / "mysql", {"MYSQL_VERSION": "9.7"})

IMAGES: tuple[Recipe, ...] = (POSTGRES, PYTHON, MYSQL)


def find(name: str) -> Recipe:
    """The recipe of a name such as `postgres:18`, `postgres` or `loadtest-test/postgres:18`.

    Raises ImageError for any other name.
    """
    short = name.removeprefix(f"{REPOSITORY}/")
    for recipe in IMAGES:
        if short in (recipe.name, recipe.name.partition(":")[0]):
            return recipe
    known = ", ".join(recipe.name for recipe in IMAGES)
    raise ImageError(f"no image is called {name!r}: choose among {known}")
