"""Whether an image can be had, found out before anything is created."""

import docker
from docker.errors import APIError, DockerException, ImageNotFound

from core.errors import SettingsError
from core.text import one_line


def require_image(engine: docker.DockerClient, key: str, image: str) -> None:
    """Raises SettingsError, in one line, for an image that is neither here nor in its registry."""
    try:
        engine.images.get(image)
    except ImageNotFound:
        pass
    else:
        return
    try:
        engine.images.get_registry_data(image)
    except (APIError, DockerException) as error:
        said = one_line(getattr(error, "explanation", None) or error, 200)
        raise SettingsError(
            f"{key}: {image!r} is not on this engine and cannot be pulled ({said}); "
            "name an image that can, or build it first"
        ) from None
