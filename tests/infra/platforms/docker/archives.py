"""The output of a container: a tar archive in chunks, and its manifest."""

import io
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from core.output.manifest import MANIFEST, Manifest, OutputFile
from infra.platforms.docker.copy_output import ReadArchive

INSIDE = PurePosixPath("/results/data")
_CHUNK = 10_000


def manifest_of(files: Mapping[str, bytes]) -> Manifest:
    """Return the manifest of a container's files."""
    return Manifest(
        source="csv",
        files={
            path: OutputFile(
                table=path.partition("/")[0],
                rows=content.count(b"\n"),
                bytes=len(content),
                crc32=zlib.crc32(content),
                modified_ns=0,
            )
            for path, content in files.items()
        },
    )


def member(name: str, content: bytes = b"", **changed: object) -> tuple[tarfile.TarInfo, bytes]:
    """Return an entry of an archive; `changed` are attributes of it, like its type."""
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    for key, value in changed.items():
        setattr(entry, key, value)
    return entry, content


def archive(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """Return a tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for entry, content in members:
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def container(content: bytes, manifest: Manifest | None) -> ReadArchive:
    """Return a function that reads a container with this output."""

    def read(path: PurePosixPath) -> Iterator[bytes] | None:
        if path == INSIDE:
            return chunks(content)
        assert path == INSIDE / MANIFEST
        return None if manifest is None else chunks(archive(member(MANIFEST, manifest.model_dump_json().encode())))

    return read


def chunks(content: bytes) -> Iterator[bytes]:
    """Yield chunks that do not end with an entry of the archive, and an empty chunk."""
    yield b""
    for start in range(0, len(content), _CHUNK):
        yield content[start : start + _CHUNK]
