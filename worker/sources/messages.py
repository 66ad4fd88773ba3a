"""What to do about faults that every server has, whatever its driver says of them."""

MORE_DISK = "give the server more disk (databaseMemoryLimit is what databaseTmpfs takes its RAM disk from)"
GONE = (
    "see the server's log for why it went away: a full disk or too little memory ends it (databaseMemoryLimit is its "
    "memory, and what databaseTmpfs takes its RAM disk from)"
)
_FULL = "no space left on device"


def tells_of_full_disk(said: str) -> bool:
    """Whether a server passes on what its system says of a full disk, under a code of its own that says less."""
    return _FULL in said.lower()
