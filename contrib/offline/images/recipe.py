"""The recipes of images: their content, and how to build them."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from contrib.offline.images import engine
from contrib.offline.images.content import content_hash, copy_content, folder_listing
from contrib.offline.images.mirrors import Mirrors

REPOSITORY = "loadtest-test"


class Recipe(Protocol):
    """A recipe of an image."""

    @property
    def name(self) -> str:
        """The name and tag within REPOSITORY, such as `postgres:18`."""
        ...

    @property
    def base(self) -> "Recipe | None":
        """The recipe of its base image, if any."""
        ...

    def content(self) -> str:
        """Return the digest of its content."""
        ...

    def make(self, mirrors: Mirrors, log: Path) -> None:
        """Build the image, tag it `tag(self)` and label it with its content. Raises ImageError."""
        ...


class Fetch(Protocol):
    """Something that a build fetches from a package registry, on the host, into its context."""

    def describe(self) -> Mapping[str, object]:
        """Return an exact description of what is fetched, which is part of the image's content."""
        ...

    def into(self, context: Path, log: Path) -> None:
        """Fetch it into the (temporary copy of the) context. Raises ImageError."""
        ...


def tag(recipe: Recipe) -> str:
    """Return the full name of an image in Docker."""
    return f"{REPOSITORY}/{recipe.name}"


@dataclass(frozen=True)
class Dockerfile:
    """An image built by a Dockerfile, on a base of this catalogue, with fetched files next to the Dockerfile."""

    name: str
    base: Recipe
    context: Path
    arguments: Mapping[str, str] = field(default_factory=dict[str, str])
    fetches: tuple[Fetch, ...] = ()

    def content(self) -> str:
        """Return the digest of the base, the context, the arguments and what is fetched, but not of the mirrors."""
        return content_hash(
            {
                "base": self.base.content(),
                "context": folder_listing(self.context),
                "arguments": dict(self.arguments),
                "fetches": [dict(fetch.describe()) for fetch in self.fetches],
            }
        )

    def make(self, mirrors: Mirrors, log: Path) -> None:
        """Fetch, then build, in a copy of the context, so that the source tree stays unchanged. Raises ImageError."""
        with tempfile.TemporaryDirectory(prefix="loadtest-image-") as folder:
            context = Path(folder)
            copy_content(self.context, context)
            for fetch in self.fetches:
                fetch.into(context, log)
            engine.build(
                context,
                tag(self),
                content=self.content(),
                arguments={"BASE": tag(self.base), **mirrors.arguments(), **self.arguments},
                log=log,
            )
