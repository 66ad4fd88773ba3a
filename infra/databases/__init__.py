"""One module per store that has a server, named like the store: its `specification` is a pure function of the limits."""

from importlib import import_module
from types import ModuleType

from infra.databases.spec import DatabaseSpec
from infra.settings.model import Settings


def database_of(settings: Settings) -> DatabaseSpec | None:
    """Return the server that the program creates for these settings; None for an existing server or files."""
    if not settings.creates_server:
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
    """Return the server adapted to a password that its image would misread, or the server as it is."""
    adapt = getattr(module_of(source), "adapted_to", None)
    return adapt(specification, password) if adapt else specification


def specification_of(source: str, image: str | None, cpu: float, memory: int, tmpfs: int | None) -> DatabaseSpec:
    """Return a store's server for these limits: cores, and bytes. `image` replaces the official one."""
    specification: DatabaseSpec = module_of(source).specification(image, cpu, memory, tmpfs)
    return specification


def module_of(source: str) -> ModuleType:
    """Return the module of a store that has a server."""
    return import_module(f"infra.databases.{source}")
