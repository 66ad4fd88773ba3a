"""Brings an image into the Docker engine, by the cheapest way that gives the right content."""

from enum import Enum
from pathlib import Path

from contrib.offline.images import engine
from contrib.offline.images.cache import archive_path, cache_folder, drop_others, locked
from contrib.offline.images.mirrors import host_mirrors
from contrib.offline.images.recipe import Recipe, tag


class Outcome(Enum):
    """How an image came to be there."""

    CACHED = "cached"
    LOADED = "loaded"
    BUILT = "built"


def ensure(recipe: Recipe) -> Outcome:
    """Sees to it that the image is there, with the content that the recipe has now.

    In this order: it is there; its archive is loaded; it is built (its base first) and archived.
    Raises ImageError when no engine answers or a step fails.
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
