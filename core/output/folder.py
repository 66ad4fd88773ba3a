"""A folder of output files: what in it may be replaced, and how new files take the place of earlier ones.

New files are written into a subfolder. Once all of a run's files are complete, the manifest names them together with the
files that they replace, in one rename; then they are moved to their places. A run that is interrupted before that rename
leaves the earlier files as they are; one that is interrupted after it is completed by the stack's next run.
"""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from core.errors import InputError, StorageError
from core.files import sync_folder, unfinished_file, write_atomically
from core.output.manifest import (
    MANIFEST,
    PART_PREFIX,
    PARTIAL,
    Manifest,
    OutputFile,
    Run,
    table_folder,
)
from core.plan import OnExisting

OUTPUT_DIR = "loadtest:outputDir"
_STARTED = "run.json"
_LOCK = "lock"
_DONE = ".done"
_SHOWN = 3


class Started(Run):
    """The run that partial files belong to."""

    prepared: bool
    """Whether `worker prepare` saw this folder: where each worker has a volume of its own it did not."""


class OutputFolder:
    """The folder, by its path; `key` is the setting that names it, for messages."""

    def __init__(self, path: Path, key: str = OUTPUT_DIR) -> None:
        self.path = path
        self.key = key
        self.partial = path / PARTIAL

    # What is there

    def manifest(self) -> Manifest | None:
        """Return the manifest, or None where there is none; raises InputError for a file that is not one."""
        try:
            return Manifest.model_validate_json((self.path / MANIFEST).read_bytes())
        except FileNotFoundError:
            return None
        except (ValidationError, IsADirectoryError):
            raise self._refusal(
                f"holds a file {MANIFEST} that is not a manifest of Loadtest's", "move it away, or name another folder"
            ) from None

    def started(self) -> "Started | None":
        """Return the run whose partial files are here, if there are any."""
        try:
            return Started.model_validate_json((self.partial / _STARTED).read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValidationError):
            return None

    def require_folder(self) -> None:
        """Raise InputError for a path that is a file, or where no folder can be created or written to."""
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
        """Raise InputError, which names what is in the way, unless this run may write here."""
        self.require_folder()
        if not self.path.is_dir():
            return
        manifest = self._own_manifest(run)
        self._own_started(run)
        known = manifest.paths if manifest else frozenset[str]()
        self._refuse_foreign(self._others(known) if on_existing is OnExisting.FAIL else [], on_existing)
        self._refuse_foreign(self._in_the_way(known, tables), on_existing)
        if manifest is None:
            return
        there = [path for path in sorted(known) if os.path.lexists(self.path / path)]
        if on_existing is OnExisting.APPEND:
            suffixes = {name for name in tables if any(self._holds(manifest, name, run, path) for path in there)}
            if suffixes:
                raise self._refusal(
                    f"holds files of {', '.join(map(repr, sorted(suffixes)))} already, and loadtest:onExisting is append",
                    "write fail or empty to replace them, or name another folder",
                )
        changed = [path for path in there if not manifest.is_unchanged(self.path, path)]
        if changed and on_existing is OnExisting.FAIL:
            raise self._refusal(
                f"holds {_listed(changed)}, changed since Loadtest wrote it",
                "move it away, name another folder, or set loadtest:onExisting to empty to replace it",
            )

    def require_readable(self, tables: Iterable[str], suffix: str) -> None:
        """Raise InputError unless the rows of these tables are in the manifest's files and in no others."""
        manifest = self.manifest()
        if manifest is None:
            return
        if manifest.replaces:
            raise self._refusal(
                f"holds the files of {manifest.owner} half replaced, since its run was interrupted",
                "run that stack again first",
            )
        others = [path for path in self._in_the_way(manifest.paths, tables) if path.endswith(suffix)]
        if others:
            raise self._refusal(f"holds {_listed(others)}, which its {MANIFEST} does not name", "move it away")

    def parts(self, table: str, suffix: str) -> Sequence[Path]:
        """Return a table's files in the order of their rows: the manifest's, or without a manifest all parts."""
        folder = self.path / table_folder(table)
        manifest = self.manifest()
        if manifest is None:
            return sorted(folder.glob(f"{PART_PREFIX}*{suffix}"))
        own = (self.path / path for path in manifest.files if path.endswith(suffix))
        return sorted(path for path in own if path.parent == folder and path.is_file())

    def path_of(self, path: str) -> Path | None:
        """Return where a complete file is: still among the partial ones, or in its place; None where it is neither."""
        staged, target = self.partial / path, self.path / path
        # It may be moved between the two questions, and is then found by the second.
        return next((place for place in (staged, target) if place.is_file()), None)

    def unlisted_parts(self, table: str, suffix: str) -> Sequence[Path]:
        """Return the parts of a table that the manifest does not name."""
        manifest = self.manifest()
        known = manifest.paths if manifest else frozenset[str]()
        found = sorted((self.path / table_folder(table)).glob(f"{PART_PREFIX}*{suffix}"))
        return [path for path in found if f"{path.parent.name}/{path.name}" not in known]

    # A run

    def begin(self, run: Run, tables: Sequence[str], on_existing: OnExisting) -> None:
        """Refuse what `require_replaceable` refuses, complete an interrupted replacement and start with no partial file."""
        self.require_replaceable(run, tables, on_existing)
        manifest = self.manifest()
        if manifest is not None and manifest.replaces:
            self._move(manifest)
        self.discard(run)
        self._start(run, prepared=True)

    def join(self, run: Run) -> bool:
        """Return whether all workers write into this folder, which `begin` prepared; start alone where it is not."""
        started = self._own_started(run)
        if started is None:
            self._own_manifest(run)
            self._start(run, prepared=False)
        return started is not None and started.prepared and started.plan == run.plan

    def partial_file(self, path: str) -> Path:
        """Return where to write a file until it is complete; its folder exists, and an earlier try of it is gone."""
        file = self.partial / path
        file.parent.mkdir(parents=True, exist_ok=True)
        _done(file).unlink(missing_ok=True)
        return file

    def finish_file(self, path: str, written: OutputFile) -> None:
        """Note that a file is complete and synced."""
        file = self.partial / path
        noted = written.model_copy(update={"modified_ns": file.stat().st_mtime_ns})
        write_atomically(_done(file), noted.model_dump_json())
        sync_folder(file.parent)

    def finished_files(self, paths: Iterable[str]) -> dict[str, OutputFile] | None:
        """Return the complete files at these paths, or None while one is missing."""
        found: dict[str, OutputFile] = {}
        for path in paths:
            try:
                found[path] = OutputFile.model_validate_json(_done(self.partial / path).read_bytes())
            except FileNotFoundError:
                return None
        return found

    def publish(self, run: Run, paths: Iterable[str], on_existing: OnExisting, *, whole: bool = True) -> bool:
        """Put the files at these paths in their places if all of them are complete; return whether they were.

        `whole` is False for files that join those that the same run has published already.
        """
        with self._locked() as there:
            files = self.finished_files(paths) if there else None
            if files is None:
                return False
            before = self._own_manifest(run)
            self.require_replaceable(run, {file.table for file in files.values()} if whole else (), _again(on_existing))
            earlier = before.files if before else {}
            keeps = on_existing is OnExisting.APPEND or (not whole and before is not None and before.plan == run.plan)
            kept = {path: file for path, file in earlier.items() if path not in files} if keeps else {}
            replaced = {path: file for path, file in earlier.items() if path not in kept}
            manifest = Manifest(**run.model_dump(), files={**kept, **files}, replaces=replaced)
            self._write(manifest)
            self._move(manifest)
            return True

    def discard(self, run: Run) -> bool:
        """Remove the partial files of this stack's runs; return whether there were any."""
        started = self.started()
        if self._is_foreign_partial() or (started is not None and started.stack != run.stack):
            return False
        if not self.partial.is_dir():
            return False
        shutil.rmtree(self.partial)
        return True

    # Steps

    def _start(self, run: Run, *, prepared: bool) -> None:
        self.partial.mkdir(parents=True, exist_ok=True)
        started = Started(stack=run.stack, run_id=run.run_id, plan=run.plan, source=run.source, prepared=prepared)
        write_atomically(self.partial / _STARTED, started.model_dump_json())

    def _write(self, manifest: Manifest) -> None:
        staged = self.partial / MANIFEST
        self.partial.mkdir(parents=True, exist_ok=True)
        write_atomically(staged, manifest.model_dump_json(indent=1))
        staged.replace(self.path / MANIFEST)
        sync_folder(self.path)

    def _move(self, manifest: Manifest) -> None:
        """Complete a replacement that the manifest has begun."""
        touched: set[Path] = set()
        for path in manifest.replaces:
            if path not in manifest.files:
                (self.path / path).unlink(missing_ok=True)
                touched.add((self.path / path).parent)
        for path in manifest.files:
            if (staged := self.partial / path).is_file():
                target = self.path / path
                target.parent.mkdir(exist_ok=True)
                staged.replace(target)
                _done(staged).unlink(missing_ok=True)
                touched.add(target.parent)
        for folder in touched:
            if folder.is_dir():
                sync_folder(folder)
                if not any(folder.iterdir()):
                    folder.rmdir()
        self._write(manifest.model_copy(update={"replaces": {}}))
        if not any(file.name.startswith(PART_PREFIX) for file in self.partial.rglob("*")):
            shutil.rmtree(self.partial)

    @contextmanager
    def _locked(self) -> Iterator[bool]:
        """Keep other workers from publishing; yields False where the partial files are gone, since one has published."""
        lock = self.partial / _LOCK
        while True:
            try:
                descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
            except FileNotFoundError:
                yield False
                return
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if _is_at(descriptor, lock):
                    yield True
                    return
            finally:
                os.close(descriptor)

    # Who owns what

    def _own_manifest(self, run: Run) -> Manifest | None:
        manifest = self.manifest()
        if manifest is not None and manifest.stack != run.stack:
            raise self._refusal(
                f"holds the files of {manifest.owner} (run {manifest.run_id})", "name another folder by outputDir"
            )
        return manifest

    def _own_started(self, run: Run) -> Started | None:
        started = self.started()
        if started is not None and started.stack != run.stack:
            raise self._refusal(
                f"has partial files of {started.owner} (run {started.run_id})",
                f"name another folder, or remove {PARTIAL} if that run is over",
            )
        return started

    def _others(self, known: frozenset[str]) -> list[str]:
        """Return all files, and folders without any of ours, that this stack did not write."""
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

    def _in_the_way(self, known: frozenset[str], tables: Iterable[str]) -> list[str]:
        """Return what has the place of a table's folder, or looks like a part of the table and is not ours."""
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
        """Return whether something else has the name of the folder of partial files; one just created has no mark yet."""
        if not os.path.lexists(self.partial) or (self.started() is not None and not self.partial.is_symlink()):
            return False
        if self.partial.is_symlink() or not self.partial.is_dir():
            return True
        return any(entry != unfinished_file(self.partial / _STARTED) for entry in self.partial.iterdir())

    def _holds(self, manifest: Manifest, table: str, run: Run, path: str) -> bool:
        record = manifest.files.get(path)
        return record is not None and record.table == table and path.endswith(f".{run.source}")

    def _refuse_foreign(self, found: Sequence[str], on_existing: OnExisting) -> None:
        if not found:
            return
        more = ", or set loadtest:onExisting to empty" if on_existing is OnExisting.FAIL else ""
        if on_existing is OnExisting.FAIL and any(f"/{PART_PREFIX}" in path for path in found):
            more = ""
        raise self._refusal(f"holds {_listed(found)}, which this stack did not write", f"name another folder{more}")

    def _refusal(self, problem: str, remedy: str) -> InputError:
        return InputError(f"{self.key}: {str(self.path)!r} {problem}; {remedy}")


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn the system's errors into a StorageError with the path and a remedy."""
    try:
        yield
    except OSError as error:
        remedy = {
            errno.ENOSPC: "give it more room, or load fewer rows",
            errno.EDQUOT: "give it more room, or load fewer rows",
            errno.EACCES: "give the worker's user the right to write there",
            errno.EROFS: "name a folder that can be written by outputDir",
        }.get(error.errno or 0, "name another folder by outputDir")
        raise StorageError(f"{path}: {error.strerror or error}; {remedy}") from error


def incomplete(folder: OutputFolder) -> str:
    """Return the warning about a run that did not complete its files."""
    return f"{folder.key}: {str(folder.path)!r} has the files of before; this run's were removed, since it did not complete"


def _again(on_existing: OnExisting) -> OnExisting:
    """Return how to look at the folder a second time: files of the run itself are there by now where it appends."""
    return OnExisting.EMPTY if on_existing is OnExisting.APPEND else on_existing


def _done(file: Path) -> Path:
    return file.with_name(file.name + _DONE)


def _is_at(descriptor: int, path: Path) -> bool:
    """Return whether an open file still has its name."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _listed(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(map(repr, paths[:_SHOWN])) + more
