"""Find the folder of the setting `outputDir`, write it as a URL, and check that the run may write its files there."""

import os
from pathlib import Path
from urllib.parse import quote, unquote

from core.errors import InputError
from core.output.errors import storage_errors
from core.output.folder import OUTPUT_DIR, OutputFolder
from core.output.manifest import Run
from core.plan import LoadPlan
from core.workspace import WORKSPACES
from infra.settings.model import Settings

_SCHEME = "file:"


def output_path(settings: Settings, project: Path) -> Path | None:
    """Return the folder, or None if the setting is empty."""
    return absolute_path(settings.output_dir, project) if settings.output_dir else None


def absolute_path(output_dir: str, project: Path) -> Path:
    """Return the absolute path of a folder that is relative to the project or, with `~`, to the user's home."""
    try:
        given = Path(output_dir).expanduser()
    except RuntimeError as error:
        raise InputError.of(OUTPUT_DIR, output_dir, f"cannot be read ({error})", "write the whole path") from None
    return Path(os.path.abspath(project / given))  # noqa: PTH100 - `resolve` would follow the user's links


def folder_url(folder: str) -> str:
    """Return the URL of an output folder. A relative one stays relative: the project is elsewhere in another checkout."""
    return Path(folder).as_uri() if Path(folder).is_absolute() else _SCHEME + quote(folder)


def relative_folder(url: str) -> str | None:
    """Return the relative folder in a URL of `folder_url`; None for any other URL."""
    if not url.startswith(_SCHEME) or url.startswith(f"{_SCHEME}/"):
        return None
    return unquote(url.removeprefix(_SCHEME))


def absolute_url(url: str, project: Path) -> str:
    """Return the URL with a relative folder placed in the project; any other URL unchanged."""
    relative = relative_folder(url)
    return url if relative is None else (project / Path(relative).expanduser()).absolute().as_uri()


def check_output(settings: Settings, project: Path, stack: str, plan: LoadPlan) -> None:
    """Raise InputError if a run of this plan cannot use the folder."""
    path = output_path(settings, project)
    if path is None or settings.capabilities.needs_server or not settings.runs_here:
        return
    if path.is_relative_to(project / WORKSPACES):
        raise InputError.of(
            OUTPUT_DIR,
            settings.output_dir,
            "is in a folder that `destroy` removes",
            f"name a folder outside {WORKSPACES}",
        )
    folder = OutputFolder(path)
    with storage_errors(path):
        if not plan.operation.populates:
            if not path.is_dir():
                problem = "is not a folder" if path.exists() else "does not exist"
                raise InputError.of(OUTPUT_DIR, settings.output_dir, problem, "name the folder to verify")
            folder.require_readable(plan.tables, settings.capabilities.file_suffix or "")
            return
        folder.require_folder()
        run, manifest = Run.of(plan, stack), folder.manifest()
        # A plan that has run is not run again, and the user may have edited its files.
        if manifest is None or manifest.replaces or (manifest.stack, manifest.plan) != (run.stack, run.plan):
            folder.require_replaceable(run, plan.tables, plan.on_existing)
