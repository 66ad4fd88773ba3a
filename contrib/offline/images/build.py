"""Provide an image in the Docker engine, in the fastest way that gives the right content."""

from enum import Enum
from pathlib import Path

from contrib.offline.images import engine
from contrib.offline.images.cache import archive_path, cache_folder, drop_others, locked
from contrib.offline.images.mirrors import host_mirrors
from contrib.offline.images.recipe import Recipe, tag


class Outcome(Enum):
    """The way in which an image was provided."""

    CACHED = "cached"
    LOADED = "loaded"
    BUILT = "built"


def ensure(recipe: Recipe) -> Outcome:
    """Make sure that the engine has the image, with the current content of the recipe.

    It is used if it exists, else loaded from its archive, else built (its base first) and archived. Raises ImageError if no
    engine responds or a step fails.
    """
    engine.require_engine()
    folder = cache_folder("images")
    with locked(folder):
        return _ensure(recipe, folder)


def _ensure(recipe: Recipe, folder: Path) -> Outcome:
    if engine.content_of(tag(recipe)) == recipe.content():
        return Outcome.CACHED
    former = engine.image_id(tag(recipe))
    outcome = _load_or_make(recipe, folder)
    if former is not None and former != engine.image_id(tag(recipe)):
        engine.remove(former)
    return outcome


def _load_or_make(recipe: Recipe, folder: Path) -> Outcome:
    archive = archive_path(folder, recipe.name, recipe.content())
    log = folder / f"{recipe.name.replace(':', '-')}.log"
    log.unlink(missing_ok=True)
    if archive.exists():
        engine.load(archive, log)
        return Outcome.LOADED
    if recipe.base is not None:
        _ensure(recipe.base, folder)
    recipe.make(host_mirrors(), log)
    engine.save(tag(recipe), archive, log)
    drop_others(folder, recipe.name, keep=archive)
    return Outcome.BUILT
