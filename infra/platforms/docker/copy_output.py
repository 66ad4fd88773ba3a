"""Copy a run's files from a container to a folder of this machine, in bounded memory."""

import io
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from os import fsync
from pathlib import PurePosixPath
from typing import IO

from pydantic import ValidationError

from core.errors import RunError
from core.options import OnExisting
from core.output.errors import storage_errors
from core.output.manifest import MANIFEST, Manifest, OutputFile, Run
from core.output.writer import OutputWriter

ReadArchive = Callable[[PurePosixPath], Iterable[bytes] | None]
"""Return the tar archive of a path in the container in chunks, or None if the path does not exist."""
_BLOCK = 1 << 18
_LARGEST_MANIFEST = 1 << 26


def copy_output(
    read: ReadArchive, inside: PurePosixPath, folder: OutputWriter, run: Run, on_existing: OnExisting
) -> bool:
    """Copy all files of the container's manifest to the folder, or none; return whether there is a manifest.

    Raises RunError if the archive differs from the manifest, StorageError if the folder cannot store it.
    """
    manifest = _manifest(read, inside / MANIFEST)
    if manifest is None:
        return False
    with storage_errors(folder.path):
        folder.begin(run, sorted({file.table for file in manifest.files.values()}), on_existing)
        try:
            _copy(read(inside) or (), manifest, folder)
            return folder.publish(run, manifest.files, on_existing)
        finally:
            folder.discard(run)


def _copy(archive: Iterable[bytes], manifest: Manifest, folder: OutputWriter) -> None:
    missing = dict(manifest.files)
    with _members(archive) as tar:
        for member in tar:
            # The first part of a name is the archived folder.
            _, _, path = member.name.partition("/")
            expected = missing.pop(path, None)
            if expected is None:
                continue
            content = tar.extractfile(member) if member.isreg() else None
            if content is None:
                raise RunError(f"{path}: the container's output has no regular file of this name; run again")
            _write(content, path, expected, folder)
    if missing:
        raise RunError(f"{min(missing)}: the container's output does not have this file; run again")


def _write(content: IO[bytes], path: str, expected: OutputFile, folder: OutputWriter) -> None:
    size = crc32 = 0
    with folder.partial_file(path).open("wb", buffering=0) as file:
        while block := content.read(_BLOCK):
            view = memoryview(block)
            while view:
                view = view[file.write(view) :]
            size, crc32 = size + len(block), zlib.crc32(block, crc32)
        fsync(file.fileno())
    if (size, crc32) != (expected.bytes, expected.crc32):
        raise RunError(f"{path}: the container's output differs from what its worker wrote; run again")
    folder.finish_file(path, expected)


def _manifest(read: ReadArchive, path: PurePosixPath) -> Manifest | None:
    archive = read(path)
    if archive is None:
        return None
    with _members(archive) as tar:
        member = tar.next()
        is_file = member is not None and member.isreg() and member.size <= _LARGEST_MANIFEST
        content = tar.extractfile(member) if member is not None and is_file else None
        text = content.read() if content is not None else b""
    try:
        return Manifest.model_validate_json(text)
    except ValidationError:
        raise RunError(f"{path}: the container's manifest cannot be read; run again") from None


@contextmanager
def _members(archive: Iterable[bytes]) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(fileobj=io.BufferedReader(_Chunks(archive), _BLOCK), mode="r|", bufsize=_BLOCK) as tar:
            yield tar
    except tarfile.TarError as error:
        raise RunError(f"the container's output cannot be read ({error}); run again") from error


class _Chunks(io.RawIOBase):
    """A file of bytes from chunks of any length."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._chunk = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        while not self._chunk:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._chunk = memoryview(chunk)
        size = min(len(buffer), len(self._chunk))
        buffer[:size], self._chunk = self._chunk[:size], self._chunk[size:]
        return size
