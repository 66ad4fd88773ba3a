"""What an image is made of, and how."""

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
    """An image that can be made."""

    @property
    def name(self) -> str:
        """Its name and tag within REPOSITORY, as in `postgres:18`."""
        ...

    @property
    def base(self) -> "Recipe | None":
        """The image that it is made on, if any."""
        ...

    def content(self) -> str:
        """The digest of what it is made of."""
        ...

    def make(self, mirrors: Mirrors, log: Path) -> None:
        """Makes the image, tags it `tag(self)` and labels it with its content. Raises ImageError."""
        ...


class Fetch(Protocol):
    """Something that a build takes from a package registry, on the host, into its context."""

    def describe(self) -> Mapping[str, object]:
        """What is fetched, exactly: a part of the image's content."""
        ...

    def into(self, context: Path, log: Path) -> None:
        """Fetches it into the (temporary copy of the) context. Raises ImageError."""
        ...


def tag(recipe: Recipe) -> str:
    """The full name under which an image is known to Docker."""
    return f"{REPOSITORY}/{recipe.name}"


@dataclass(frozen=True)
class Dockerfile:
    """An image built by a Dockerfile, on a base of ours, with what was fetched for it beside the Dockerfile."""

    name: str
    base: Recipe
    context: Path
    arguments: Mapping[str, str] = field(default_factory=dict[str, str])
    fetches: tuple[Fetch, ...] = ()

    def content(self) -> str:
        """Of the base, the context, the arguments and what is fetched; the mirrors make no difference."""
        return content_hash(
            {
                "base": self.base.content(),
                "context": folder_listing(self.context),
                "arguments": dict(self.arguments),
                "fetches": [dict(fetch.describe()) for fetch in self.fetches],
            }
        )

    def make(self, mirrors: Mirrors, log: Path) -> None:
        """Fetches, then builds, in a copy of the context: the source tree stays as it is. Raises ImageError."""
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
