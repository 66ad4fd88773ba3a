"""The order of workers' names."""


def natural(name: str) -> tuple[str, int, str]:
    """A sort key by which worker-2 comes before worker-10."""
    stem = name.rstrip("0123456789")
    return stem, int(name[len(stem) :] or 0), name
