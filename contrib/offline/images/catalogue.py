"""All images that can be built here."""

from collections.abc import Mapping
from pathlib import Path

from contrib.offline.images.debian import DebianBase
from contrib.offline.images.errors import ImageError
from contrib.offline.images.go import GoProgram
from contrib.offline.images.maven import MavenJars
from contrib.offline.images.npm import NpmPackage
from contrib.offline.images.recipe import REPOSITORY, Dockerfile, Recipe

_HERE = Path(__file__).parent

BOOKWORM = DebianBase("bookworm")
TRIXIE = DebianBase("trixie")
SID = DebianBase("sid")
JRE = Dockerfile("jre:21", TRIXIE, _HERE / "jre")

POSTGRES = Dockerfile("postgres:18", SID, _HERE / "postgres", {"PG_MAJOR": "18"})
PYTHON = Dockerfile("python:3.11", BOOKWORM, _HERE / "python")
MYSQL = Dockerfile("mysql:9.7", SID, _HERE / "mysql", {"MYSQL_VERSION": "9.7"})
KAFKA = Dockerfile("kafka:4.1.1", JRE, _HERE / "kafka", fetches=(MavenJars("pom.xml", "libs"),))
NEO4J = Dockerfile(
    "neo4j:5.26.0",
    JRE,
    _HERE / "neo4j",
    fetches=(MavenJars("pom.xml", "lib", without=("*-osx-*", "*aarch_64*")), MavenJars("apoc.xml", "labs")),
)
FERRETDB = Dockerfile(
    "mongo:ferretdb2.7",
    POSTGRES,
    _HERE / "ferretdb",
    fetches=(
        GoProgram("github.com/FerretDB/FerretDB/v2/cmd/ferretdb", "v2.7.0"),
        NpmPackage("mongosh", "2.12.0"),
    ),
)

IMAGES: tuple[Recipe, ...] = (POSTGRES, PYTHON, MYSQL, KAFKA, NEO4J, FERRETDB)
VARIABLES: Mapping[str, Recipe] = {
    "LOADTEST_IMAGE_POSTGRESQL": POSTGRES,
    "LOADTEST_IMAGE_MYSQL": MYSQL,
    "LOADTEST_IMAGE_MONGODB": FERRETDB,
    "LOADTEST_IMAGE_NEO4J": NEO4J,
    "LOADTEST_IMAGE_KAFKA": KAFKA,
    "LOADTEST_IMAGE_PYTHON": PYTHON,
}
"""The images by the environment variables in which the tests look for them."""


def find(name: str) -> Recipe:
    """Return the recipe of a name such as `postgres:18`, `postgres` or `loadtest-test/postgres:18`.

    Raises ImageError for any other name.
    """
    short = name.removeprefix(f"{REPOSITORY}/")
    for recipe in IMAGES:
        if short in (recipe.name, recipe.name.partition(":")[0]):
            return recipe
    known = ", ".join(recipe.name for recipe in IMAGES)
    raise ImageError(f"NAME: {name!r} is not a valid image; use one of {known}")
