"""The errors of the operating system that writing, reading and removing output files can meet, with causes and remedies.

Source of the codes: the Linux manual, errno(3) and the pages of the system calls.
"""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from core.errors import StorageError
from core.files import reason_of
from core.output.folder import OUTPUT_DIR
from core.settings_key import setting_key


class KnownErrno(NamedTuple):
    """The cause of one errno, and the remedy for the user."""

    cause: str
    remedy: str


_FULL = "give it more room, or load fewer rows"
_RIGHT = "give the worker's user the right to write there"
_OTHER = f"name another folder with {OUTPUT_DIR}"
_FEWER_FILES = "raise the limit of open files (`ulimit -n`), or load with fewer workers"
_MOUNT = "check the network and the file server, and mount the folder again"
_DISK = "check the disk and its file system"

KNOWN: Mapping[int, KnownErrno] = {
    errno.ENOSPC: KnownErrno("a file system without free space or free inodes", _FULL),
    errno.EDQUOT: KnownErrno("a quota of the user, group or project that is used up", _FULL),
    errno.EFBIG: KnownErrno(
        "a file larger than the file system or the process may write",
        "raise the limit (`ulimit -f`), load with more workers for smaller files, or use another file system",
    ),
    errno.EACCES: KnownErrno("a folder or file that the user may not enter, read or write", _RIGHT),
    errno.EPERM: KnownErrno(
        "an immutable file or folder, or a file system without this operation",
        f"remove the attribute with `chattr -i -a`, or {_OTHER}",
    ),
    errno.EROFS: KnownErrno("a file system that is mounted read-only", f"name a writable folder with {OUTPUT_DIR}"),
    errno.ENAMETOOLONG: KnownErrno("a name above 255 bytes, or a path above 4,096", f"name a shorter folder with {OUTPUT_DIR}"),
    errno.EMFILE: KnownErrno("a process with too many open files", _FEWER_FILES),
    errno.ENFILE: KnownErrno("a machine with too many open files", "raise fs.file-max, or load with fewer workers"),
    errno.ENOTDIR: KnownErrno("a file in the place of a folder", f"move the file away, or {_OTHER}"),
    errno.EISDIR: KnownErrno("a folder in the place of a file", f"move the folder away, or {_OTHER}"),
    errno.ENOTEMPTY: KnownErrno("a file of another program in a folder of the run", "move the file away, and run again"),
    errno.ELOOP: KnownErrno("symbolic links that lead to each other", f"remove the links, or {_OTHER}"),
    errno.ENOENT: KnownErrno("a folder that was removed during the run", "run again, and keep the folder until the end"),
    errno.EBUSY: KnownErrno("a folder that is a mount point or in use", _OTHER),
    errno.EXDEV: KnownErrno("a folder that has a mount point inside", f"unmount it, or {_OTHER}"),
    errno.EINVAL: KnownErrno("a name or an operation that the file system does not have", _OTHER),
    errno.EILSEQ: KnownErrno("a name that the file system cannot store", f"name a folder of plain letters with {OUTPUT_DIR}"),
    errno.ENOTSUP: KnownErrno("an operation that the file system does not have", _OTHER),
    errno.EIO: KnownErrno("a failed read or write of the disk or of the file server", _DISK),
    errno.EUCLEAN: KnownErrno("a damaged file system", _DISK),
    errno.ENODEV: KnownErrno("a disk that is no longer connected", _DISK),
    errno.ESTALE: KnownErrno("a folder of a file server that was removed or exported again", _MOUNT),
    errno.ETIMEDOUT: KnownErrno("a file server that does not answer", _MOUNT),
    errno.ENOTCONN: KnownErrno("a mounted folder whose program has ended", _MOUNT),
    errno.EHOSTDOWN: KnownErrno("a file server that is down", _MOUNT),
    errno.ENOLCK: KnownErrno("a file server without free locks", _MOUNT),
    errno.ENOMEM: KnownErrno("a machine or control group without free memory", f"raise {setting_key('memoryLimit')}"),
}  # fmt: skip


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn the system's errors into a StorageError with the path, the system's reason and a remedy."""
    try:
        yield
    except OSError as error:
        known = KNOWN.get(error.errno or 0)
        raise StorageError(f"{path}: {reason_of(error)}; {known.remedy if known else _OTHER}") from error
