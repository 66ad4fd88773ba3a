"""Base images: a minimal Debian of a given suite, unpacked by debootstrap."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from contrib.offline.images import engine
from contrib.offline.images.command import run
from contrib.offline.images.content import content_hash, copy_content, folder_listing
from contrib.offline.images.mirrors import Mirrors
from contrib.offline.images.recipe import tag

_ROOT_FILES = Path(__file__).parent / "base" / "rootfs"
_OPTIONS = ("--variant=minbase", "--include=ca-certificates")
# files that a container does not use; the root files prevent later packages from adding them again
_UNREAD = ("usr/share/doc", "usr/share/info", "usr/share/locale", "usr/share/man", "var/cache/apt", "var/lib/apt/lists")


@dataclass(frozen=True)
class DebianBase:
    """Debian's minimal set of packages, certificates, and the files of `base/rootfs`."""

    suite: str
    base: None = None

    @property
    def name(self) -> str:
        """The name, such as `debian:sid`."""
        return f"debian:{self.suite}"

    def content(self) -> str:
        """Return the digest of the suite's name and the project's files. The packages depend on the suite's archive."""
        parts = {"suite": self.suite, "options": _OPTIONS, "unread": _UNREAD, "files": folder_listing(_ROOT_FILES)}
        return content_hash(parts)

    def make(self, mirrors: Mirrors, log: Path) -> None:
        """Unpack the packages and import them as one layer. Needs root. Raises ImageError."""
        with tempfile.TemporaryDirectory(prefix="loadtest-image-") as folder:
            root, archive = Path(folder) / "root", Path(folder) / "root.tar"
            run(["debootstrap", *_OPTIONS, self.suite, str(root), mirrors.debian], log)
            for unread in _UNREAD:
                shutil.rmtree(root / unread, ignore_errors=True)
                (root / unread).mkdir(parents=True)
            copy_content(_ROOT_FILES, root)
            (root / "etc/debian_suite").write_text(f"{self.suite}\n")
            (root / "etc/apt/sources.list").write_text("")
            run(["tar", "--directory", str(root), "--numeric-owner", "--create", "--file", str(archive), "."], log)
            engine.import_archive(archive, tag(self), content=self.content(), log=log)
