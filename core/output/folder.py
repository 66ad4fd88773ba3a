"""A folder of output files: which files it has, who wrote them, and whether a run may replace them."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import ValidationError

from core.errors import InputError
from core.files import unfinished_file
from core.options import OnExisting
from core.output.manifest import MANIFEST, PART_PREFIX, PARTIAL, Manifest, Run, table_folder
from core.settings_key import setting_key
from core.text import listed

OUTPUT_DIR = setting_key("outputDir")
STARTED = "run.json"
"""The file in the folder of partial files that names the run that writes them."""
_SHOWN = 3


class StartedRun(Run):
    """The run that partial files belong to."""

    prepared: bool
    """Whether `worker prepare` saw this folder; False where each worker has a volume of its own."""


class OutputFolder:
    """An output folder and its manifest; `key` is the setting that names the folder, for messages."""

    def __init__(self, path: Path, key: str = OUTPUT_DIR) -> None:
        self.path = path
        self.key = key
        self.partial = path / PARTIAL

    def manifest(self) -> Manifest | None:
        """Return the manifest, or None without one; raises InputError for a file that is not a manifest."""
        try:
            return Manifest.model_validate_json((self.path / MANIFEST).read_bytes())
        except FileNotFoundError:
            return None
        except (ValidationError, IsADirectoryError):
            raise self._refusal(
                f"contains a {MANIFEST} that is not a valid manifest", "move it away, or name another folder"
            ) from None

    def started(self) -> StartedRun | None:
        """Return the run that the partial files belong to, or None if there are none."""
        try:
            return StartedRun.model_validate_json((self.partial / STARTED).read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValidationError):
            return None

    def parts(self, table: str, suffix: str) -> Sequence[Path]:
        """Return a table's files in row order: those in the manifest, or all parts if there is no manifest."""
        folder = self.path / table_folder(table)
        manifest = self.manifest()
        if manifest is None:
            return sorted(folder.glob(f"{PART_PREFIX}*{suffix}"))
        own = (self.path / path for path in manifest.files if path.endswith(suffix))
        return sorted(path for path in own if path.parent == folder and path.is_file())

    def unlisted_parts(self, table: str, suffix: str) -> Sequence[Path]:
        """Return the parts of a table that the manifest does not name."""
        manifest = self.manifest()
        known = manifest.paths if manifest else frozenset[str]()
        found = sorted((self.path / table_folder(table)).glob(f"{PART_PREFIX}*{suffix}"))
        return [path for path in found if f"{path.parent.name}/{path.name}" not in known]

    def path_of(self, path: str) -> Path | None:
        """Return the path of a complete file, partial or published; None if it is neither."""
        staged, target = self.partial / path, self.path / path
        # A file that is moved between the two checks is found by the second one.
        return next((place for place in (staged, target) if place.is_file()), None)

    def require_folder(self) -> None:
        """Raise InputError if the path is a file, or if no folder can be created or written there."""
        place = self.path
        while not os.path.lexists(place) and place != place.parent:
            place = place.parent
        shown = "" if place == self.path else f" (its part {str(place)!r})"
        if not place.is_dir():
            raise self._refusal(f"is a file{shown}", "name a folder")
        if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
            raise self._refusal(
                f"cannot be written to{shown}", "allow this user to write there, or name another folder"
            )

    def require_replaceable(self, run: Run, tables: Iterable[str], on_existing: OnExisting) -> None:
        """Raise InputError, naming the files that this run must not replace, unless it may write here."""
        self.require_folder()
        if not self.path.is_dir():
            return
        manifest = self._own_manifest(run)
        self._own_started(run)
        known = manifest.paths if manifest else frozenset[str]()
        self._refuse_foreign(self._foreign_files(known) if on_existing is OnExisting.FAIL else [], on_existing)
        self._refuse_foreign(self._conflicting_files(known, tables), on_existing)
        if manifest is None:
            return
        present = [path for path in sorted(known) if os.path.lexists(self.path / path)]
        if on_existing is OnExisting.APPEND:
            loaded = {name for name in tables if any(manifest.has_rows(path, name, run.source) for path in present)}
            if loaded:
                raise self._refusal(
                    f"already has files of {', '.join(map(repr, sorted(loaded)))}, but {setting_key('onExisting')} is append",
                    "write fail or empty to replace them, or name another folder",
                )
        changed = [path for path in present if not manifest.is_unchanged(self.path, path)]
        if changed and on_existing is OnExisting.FAIL:
            raise self._refusal(
                f"has {_listed(changed)}, which changed after Loadtest wrote it",
                f"move it away, name another folder, or set {setting_key('onExisting')} to empty to replace it",
            )

    def require_readable(self, tables: Iterable[str], suffix: str) -> None:
        """Raise InputError unless all rows of these tables are in the manifest's files."""
        manifest = self.manifest()
        if manifest is None:
            return
        if manifest.replaces:
            raise self._refusal(
                f"has only partly replaced files of {manifest.owner}, because its run was interrupted",
                "run that stack again first",
            )
        others = [path for path in self._conflicting_files(manifest.paths, tables) if path.endswith(suffix)]
        if others:
            raise self._refusal(f"holds {_listed(others)}, which its {MANIFEST} does not name", "move it away")

    def _own_manifest(self, run: Run) -> Manifest | None:
        manifest = self.manifest()
        if manifest is not None and manifest.stack != run.stack:
            raise self._refusal(
                f"holds the files of {manifest.owner} (run {manifest.run_id})", "name another folder with outputDir"
            )
        return manifest

    def _own_started(self, run: Run) -> StartedRun | None:
        started = self.started()
        if started is not None and started.stack != run.stack:
            raise self._refusal(
                f"has partial files of {started.owner} (run {started.run_id})",
                f"name another folder, or remove {PARTIAL} if that run is over",
            )
        return started

    def _foreign_files(self, known: frozenset[str]) -> list[str]:
        """Return the files that this stack did not write, and the folders that have none of its files."""
        own = {MANIFEST} if self._is_foreign_partial() else {MANIFEST, PARTIAL}
        folders = {path.partition("/")[0] for path in known}
        found: list[str] = []
        for entry in self.path.iterdir():
            if entry.name in own:
                continue
            if entry.name in folders and entry.is_dir() and not entry.is_symlink():
                inside = (f"{entry.name}/{file.name}" for file in entry.iterdir())
                found += [path for path in inside if path not in known]
            else:
                found.append(entry.name)
        return sorted(found)

    def _conflicting_files(self, known: frozenset[str], tables: Iterable[str]) -> list[str]:
        """Return unknown files whose names conflict with the folder or the parts of a table."""
        found: list[str] = []
        for name in map(table_folder, tables):
            folder = self.path / name
            if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
                found.append(name)
            elif folder.is_dir():
                parts = (f"{name}/{file.name}" for file in folder.iterdir() if file.name.startswith(PART_PREFIX))
                found += [path for path in parts if path not in known]
        if self._is_foreign_partial():
            found.append(PARTIAL)
        return sorted(found)

    def _is_foreign_partial(self) -> bool:
        """Return whether another program created the folder of partial files. A new folder of Loadtest is still empty."""
        if not os.path.lexists(self.partial) or (self.started() is not None and not self.partial.is_symlink()):
            return False
        if self.partial.is_symlink() or not self.partial.is_dir():
            return True
        return any(entry != unfinished_file(self.partial / STARTED) for entry in self.partial.iterdir())

    def _refuse_foreign(self, found: Sequence[str], on_existing: OnExisting) -> None:
        if not found:
            return
        more = f", or set {setting_key('onExisting')} to empty" if on_existing is OnExisting.FAIL else ""
        if on_existing is OnExisting.FAIL and any(f"/{PART_PREFIX}" in path for path in found):
            more = ""
        raise self._refusal(f"holds {_listed(found)}, which this stack did not write", f"name another folder{more}")

    def _refusal(self, problem: str, remedy: str) -> InputError:
        return InputError(f"{self.key}: {str(self.path)!r} {problem}; {remedy}")


def _listed(paths: Sequence[str]) -> str:
    return listed(map(repr, paths), _SHOWN)
