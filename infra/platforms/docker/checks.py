"""Checks of a stack on Docker before anything is created: the engine, its images, and the owners of the stack's names."""

from collections.abc import Iterator
from contextlib import contextmanager

import pulumi

from core.errors import Complaints
from core.settings_key import setting_key
from infra.platforms.base import LoadTestArgs
from infra.platforms.docker.client import DockerNames, NoEngineError, connect, require_image, require_own_names
from infra.resources.identity import instances_of
from infra.settings.limits import check_engine_cores


def check_images(args: LoadTestArgs) -> None:
    """Raise LoadtestError if the engine does not answer, has too few cores, or cannot pull an image."""
    settings, complaints = args.settings, Complaints()
    with _warn_in_preview():
        engine = connect(args.stack, args.project)
        with complaints.collect():
            check_engine_cores(settings, int(engine.info()["NCPU"]))
        if args.database is not None:
            with complaints.collect():
                require_image(engine, setting_key("databaseImage"), args.database.image, args.database.port)
        key = "workerBaseImage" if settings.worker_image is None else "workerImage"
        with complaints.collect():
            require_image(engine, setting_key(key), settings.worker_image or settings.worker_base_image)
    complaints.finish()


def check_names(args: LoadTestArgs, names: DockerNames, mark: str) -> None:
    """Raise LoadtestError if another stack uses one of the names.

    A preview does not know the id of an instance that will be replaced: then this checkout's instances are accepted.
    """
    own = [mark] if mark or not pulumi.runtime.is_dry_run() else instances_of(args.project, args.stack)
    with _warn_in_preview():
        require_own_names(connect(args.stack, args.project), names, own)


@contextmanager
def _warn_in_preview() -> Iterator[None]:
    """Turn an engine that does not answer into a warning in a preview, which creates nothing."""
    try:
        yield
    except NoEngineError as error:
        if not pulumi.runtime.is_dry_run():
            raise
        pulumi.log.warn(f"{error}; this preview did not check images and names")
