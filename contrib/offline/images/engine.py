"""Operations of the Docker engine, through its command line."""

import os
from collections.abc import Mapping
from pathlib import Path

from contrib.offline.images.command import read, run
from contrib.offline.images.errors import ImageError

CONTENT_LABEL = "loadtest.content"


def require_engine() -> None:
    """Check that an engine responds. Raises ImageError."""
    if read(["docker", "version", "--format", "{{.Server.Version}}"]) is None:
        raise ImageError("no Docker engine responds; start one, for example with `contrib/offline/docker/start`")


def content_of(tag: str) -> str | None:
    """Return the content in an image's label, or None if the image or the label does not exist."""
    template = f'{{{{index .Config.Labels "{CONTENT_LABEL}"}}}}'
    return read(["docker", "image", "inspect", "--format", template, tag]) or None


def image_id(tag: str) -> str | None:
    """Return the id of the image with this tag, or None."""
    return read(["docker", "image", "inspect", "--format", "{{.Id}}", tag])


def remove(image: str) -> bool:
    """Remove an image. Return False if a container or another image uses it."""
    return read(["docker", "image", "rm", image]) is not None


def build(context: Path, tag: str, *, content: str, arguments: Mapping[str, str], log: Path) -> None:
    """Build a context's Dockerfile. Raises ImageError."""
    # buildx, which newer engines prefer, is not in Debian's package
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    settings = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    label = f"--label={CONTENT_LABEL}={content}"
    run(
        ["docker", "build", "--force-rm", "--tag", tag, label, *settings, str(context)],
        log,
        environment=environment,
    )


def import_archive(archive: Path, tag: str, *, content: str, log: Path) -> None:
    """Create an image of one layer from a tar archive of a root file system. Raises ImageError."""
    changes = ['--change=CMD ["bash"]', f"--change=LABEL {CONTENT_LABEL}={content}"]
    run(["docker", "import", *changes, str(archive), tag], log)


def save(tag: str, archive: Path, log: Path) -> None:
    """Write an image with all its layers to an archive, atomically. Raises ImageError."""
    partial = archive.with_suffix(".partial")
    run(["docker", "save", "--output", str(partial), tag], log)
    partial.replace(archive)


def load(archive: Path, log: Path) -> None:
    """Load a saved image, under the tag that it was saved with. Raises ImageError."""
    run(["docker", "load", "--input", str(archive)], log)
