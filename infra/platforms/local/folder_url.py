"""The URL of an output folder in the state: relative to the project, which is somewhere else in another checkout."""

from pathlib import Path
from urllib.parse import quote, unquote

_SCHEME = "file:"


def folder_url(folder: str) -> str:
    """Return the URL of a folder; a relative one stays relative."""
    return Path(folder).as_uri() if Path(folder).is_absolute() else _SCHEME + quote(folder)


def relative_folder(url: str) -> str | None:
    """Return the relative folder that a URL names; None for any other URL."""
    if not url.startswith(_SCHEME) or url.startswith(f"{_SCHEME}/"):
        return None
    return unquote(url.removeprefix(_SCHEME))


def resolved(url: str, project: Path) -> str:
    """Return the URL with a relative folder placed in the project; any other URL unchanged."""
    relative = relative_folder(url)
    return url if relative is None else (project / Path(relative).expanduser()).absolute().as_uri()
