"""Writing into an output folder: partial files, and how they replace the files of an earlier run.

New files are written into a subfolder. Once all files of a run are complete, the manifest is replaced by one that names
them and the files that they replace; then they are moved to their places. A run that is interrupted before the manifest is
replaced leaves the earlier files as they are. One that is interrupted afterwards is completed by the stack's next run.
"""

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.files import sync_folder, write_atomically
from core.options import OnExisting
from core.output.folder import STARTED, OutputFolder, StartedRun
from core.output.manifest import MANIFEST, PART_PREFIX, Manifest, OutputFile, Run

_LOCK = "lock"
_COMPLETED = ".done"


class OutputWriter(OutputFolder):
    """An output folder that a run writes into."""

    def begin(self, run: Run, tables: Sequence[str], on_existing: OnExisting) -> None:
        """Check `require_replaceable`, complete an interrupted replacement and remove all partial files."""
        self.require_replaceable(run, tables, on_existing)
        manifest = self.manifest()
        if manifest is not None and manifest.replaces:
            self._move(manifest)
        self.discard(run)
        self._start(run, prepared=True)

    def join(self, run: Run) -> bool:
        """Return whether all workers write into this folder, which `begin` prepared; if not, call `begin` for this worker."""
        started = self._own_started(run)
        if started is None:
            self._own_manifest(run)
            self._start(run, prepared=False)
        return started is not None and started.prepared and started.plan == run.plan

    def partial_file(self, path: str) -> Path:
        """Return where to write a file until it is complete; create its folder and forget an earlier attempt."""
        file = self.partial / path
        file.parent.mkdir(parents=True, exist_ok=True)
        _completion_mark(file).unlink(missing_ok=True)
        return file

    def finish_file(self, path: str, written: OutputFile) -> None:
        """Record that a file is complete and synced."""
        file = self.partial / path
        noted = written.model_copy(update={"modified_ns": file.stat().st_mtime_ns})
        write_atomically(_completion_mark(file), noted.model_dump_json())
        sync_folder(file.parent)

    def finished_files(self, paths: Iterable[str]) -> dict[str, OutputFile] | None:
        """Return the complete files at these paths, or None if one is missing."""
        found: dict[str, OutputFile] = {}
        for path in paths:
            try:
                found[path] = OutputFile.model_validate_json(_completion_mark(self.partial / path).read_bytes())
            except FileNotFoundError:
                return None
        return found

    def publish(self, run: Run, paths: Iterable[str], on_existing: OnExisting, *, whole: bool = True) -> bool:
        """Move the files at these paths to their places if all of them are complete; return whether they were.

        `whole` is False for files that are added to those that the same run has already published.
        """
        with self._locked() as exists:
            files = self.finished_files(paths) if exists else None
            if files is None:
                return False
            before = self._own_manifest(run)
            self.require_replaceable(
                run, {file.table for file in files.values()} if whole else (), _second_check(on_existing)
            )
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

    def incomplete_warning(self) -> str:
        """Return the warning about a run that did not complete its files."""
        return f"{self.key}: {str(self.path)!r} has the files of before; this run's were removed, since it did not complete"

    def _start(self, run: Run, *, prepared: bool) -> None:
        self.partial.mkdir(parents=True, exist_ok=True)
        started = StartedRun(stack=run.stack, run_id=run.run_id, plan=run.plan, source=run.source, prepared=prepared)
        write_atomically(self.partial / STARTED, started.model_dump_json())

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
                _completion_mark(staged).unlink(missing_ok=True)
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
        """Keep other workers from publishing; yield False if one of them has already published the partial files."""
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


def _second_check(on_existing: OnExisting) -> OnExisting:
    """Return the mode for the second check: when appending, the run's own files exist by then."""
    return OnExisting.EMPTY if on_existing is OnExisting.APPEND else on_existing


def _completion_mark(file: Path) -> Path:
    return file.with_name(file.name + _COMPLETED)


def _is_at(descriptor: int, path: Path) -> bool:
    """Return whether the path still leads to the open file."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
