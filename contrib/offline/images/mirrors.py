"""The Debian mirrors of this machine's apt, from which the images are built, too."""

import os
from dataclasses import dataclass
from functools import cache

from contrib.offline.images.command import read
from contrib.offline.images.errors import ImageError

_LISTING = ("apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages")


@dataclass(frozen=True)
class Mirrors:
    """Addresses of the Debian archive and of its security archive, in apt's format."""

    debian: str
    security: str

    def arguments(self) -> dict[str, str]:
        """Return the addresses as build arguments of the Dockerfiles."""
        return {"DEBIAN": self.debian, "DEBIAN_SECURITY": self.security}


def parse_index_targets(listing: str) -> dict[str, str]:
    """Return each archive's first address by its label, from lines `LABEL ADDRESS`."""
    archives: dict[str, str] = {}
    for line in listing.splitlines():
        label, _, address = line.partition(" ")
        archives.setdefault(label, address.rstrip("/"))
    return archives


@cache
def host_mirrors() -> Mirrors:
    """Return the mirrors in the variables DEBIAN and DEBIAN_SECURITY, else those of apt.

    Raises ImageError if there is neither: on a machine without Debian, or before the first `apt-get update`.
    """
    archives = {"Debian": os.environ.get("DEBIAN", ""), "Debian-Security": os.environ.get("DEBIAN_SECURITY", "")}
    if not all(archives.values()):
        archives = parse_index_targets(read(_LISTING) or "") | {k: v for k, v in archives.items() if v}
    try:
        return Mirrors(archives["Debian"], archives["Debian-Security"])
    except KeyError as error:
        raise ImageError(
            f"apt has no {error.args[0]} archive; run `apt-get update` as root on a Debian machine, "
            "or set DEBIAN and DEBIAN_SECURITY to the addresses of mirrors"
        ) from error
