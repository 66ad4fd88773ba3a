"""One module per store that has a server, named like the store: its `specification` is a pure function of the limits."""

from importlib import import_module
from types import ModuleType

from infra.databases.spec import DatabaseSpec
from infra.settings.model import Settings


def database_of(settings: Settings) -> DatabaseSpec | None:
    """The server that the program makes for these settings, or None where it makes none."""
    if not settings.owns_server:
        return None
    specification = specification_of(
        settings.source,
        settings.database_image,
        cpu=settings.database_cpu_limit,
        memory=settings.database_memory_limit,
        tmpfs=settings.database_memory_limit // 2 if settings.database_tmpfs else None,
    )
    if settings.database_password is None:
        return specification
    return adapted_to(settings.source, specification, settings.database_password.get_secret_value())


def adapted_to(source: str, specification: DatabaseSpec, password: str) -> DatabaseSpec:
    """The server for a password that was chosen, where the source's image needs help with it."""
    adapt = getattr(_module(source), "adapted_to", None)
    return adapt(specification, password) if adapt else specification


def specification_of(source: str, image: str | None, cpu: float, memory: int, tmpfs: int | None) -> DatabaseSpec:
    """A source's server for these limits: cores, and bytes; of its official image unless another is named."""
    specification: DatabaseSpec = _module(source).specification(image, cpu, memory, tmpfs)
    return specification


def _module(source: str) -> ModuleType:
    return import_module(f"infra.databases.{source}")
